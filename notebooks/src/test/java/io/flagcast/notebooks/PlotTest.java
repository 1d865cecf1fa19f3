package io.flagcast.notebooks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is in the pictures, told by their points. */
@ExtendWith(SharedSpark.class)
class PlotTest {

    private static final int LOW = 0x8a5a00;
    private static final int HIGH = 0x2450c8;
    private static final int ENABLED = 0x0b5c8a;

    private SparkSession spark;

    @BeforeEach
    void open(SparkSession session) {
        spark = session;
    }

    private Rows rows(String values) {
        return new Rows(spark.sql("SELECT * FROM VALUES " + values), Style.of(List.of("low", "mid", "high")));
    }

    private static BufferedImage picture(Plot plot) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(plot.png().orElseThrow()));
    }

    /** The rows of points in which a colour stands. */
    private static Set<Integer> heights(BufferedImage image, int colour) {
        return IntStream.range(0, image.getHeight())
                .filter(y ->
                        IntStream.range(0, image.getWidth()).anyMatch(x -> (image.getRGB(x, y) & 0xffffff) == colour))
                .boxed()
                .collect(Collectors.toSet());
    }

    @Test
    void aPictureHasTwicePointsOfItsPlaceForSharpScreens() throws IOException {
        BufferedImage image = picture(rows("('low', 0.1D) AS t(segment, rate)").plot("segment", "rate"));

        assertThat(image.getWidth()).isEqualTo(1800);
        assertThat(image.getHeight()).isEqualTo(840);
    }

    @Test
    void segmentsHaveTheColoursOfTheReportWhateverTheirOrderInTheRows() throws IOException {
        BufferedImage image =
                picture(rows("('high', 'enabled', 0.3D), ('low', 'enabled', 0.1D) AS t(segment, arm, rate)")
                        .plot("arm", "rate")
                        .by("segment"));

        assertThat(heights(image, LOW)).isNotEmpty();
        assertThat(heights(image, HIGH)).isNotEmpty();
    }

    @Test
    void anIntervalReachesFromItsLowerToItsUpperEnd() throws IOException {
        // Values lie in the middle of the axis, from 0.2 to 0.4; the first interval is that long, the second a tenth of
        // it.
        Rows wide = rows("('low', 0.3D, 0.2D, 0.4D), ('mid', 0.3D, 0.3D, 0.3D) AS t(segment, rate, lower, upper)");
        Rows narrow = rows("('low', 0.3D, 0.29D, 0.31D), ('mid', 0.3D, 0.2D, 0.4D) AS t(segment, rate, lower, upper)")
                .where("segment = 'low'");

        assertThat(heights(picture(wide.plot("segment", "rate", "lower", "upper")), ENABLED)
                        .size())
                .isGreaterThan(400);
        assertThat(heights(picture(wide.where("segment = 'mid'").plot("segment", "rate", "lower", "upper")), ENABLED)
                        .size())
                .isLessThan(40);
        assertThat(heights(picture(narrow.plot("segment", "rate", "lower", "upper")), ENABLED))
                .isNotEmpty();
    }

    @Test
    void daysNumbersStepsAndGuidesAreDrawnToo() throws IOException {
        Rows days = rows("(TIMESTAMP '2026-03-01', 'low', 0.1D), (TIMESTAMP '2026-03-02', 'low', 0.2D),"
                + " (TIMESTAMP '2026-03-05', 'high', 0.4D) AS t(day, segment, share)");
        Rows numbers = rows("(0D, 0D), (0.5D, 3D), (1D, 4D) AS t(share, gain)");

        assertThat(heights(picture(days.plot("day", "share").by("segment").steps()), LOW))
                .isNotEmpty();
        assertThat(heights(
                        picture(numbers.plot("share", "gain")
                                .straight("at random")
                                .level(1, "one")),
                        ENABLED))
                .isNotEmpty();
        assertThat(heights(
                        picture(numbers.plot("share", "gain")
                                .dots()
                                .diagonal("the same")
                                .fromZero()),
                        ENABLED))
                .isNotEmpty();
    }

    @Test
    void whereThereIsNothingToDrawThereIsNoPicture() {
        assertThat(rows("('low', CAST(NULL AS DOUBLE)) AS t(segment, rate)")
                        .plot("segment", "rate")
                        .png())
                .isEmpty();
    }
}
