package io.flagcast.notebooks;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.rapaio.jupyter.kernel.display.DisplayData;
import org.rapaio.jupyter.kernel.display.DisplayRenderer;
import org.rapaio.jupyter.kernel.display.DisplayTransformer;
import org.rapaio.jupyter.kernel.display.spi.DisplayProvider;

/** Tells the Java kernel how rows and plots are shown: it finds this class as a service. */
public final class KernelDisplay implements DisplayProvider {

    @Override
    public List<DisplayRenderer> getDisplayRenderers() {
        return List.of(
                new Table(),
                new Picture(),
                new Plain<>(OptionalDouble.class, number -> number.isPresent() ? number.getAsDouble() : null),
                new Plain<>(Optional.class, optional -> ((Optional<?>) optional).orElse(null)),
                new Plain<>(Lake.class, Lake::toString),
                new Plain<>(Model.class, Model::toString));
    }

    @Override
    public List<DisplayTransformer> getDisplayTransformers() {
        return List.of();
    }

    /** Rows as HTML. */
    private record Table() implements DisplayRenderer {

        @Override
        public Class<?> rendererClass() {
            return Rows.class;
        }

        @Override
        public boolean canRender(String mimeType) {
            return true;
        }

        @Override
        public DisplayData render(String mimeType, Object rows) {
            DisplayData data = DisplayData.fromText(rows.toString());
            data.putHTML(((Rows) rows).html());
            return data;
        }
    }

    /** A value as a table would show it. */
    private record Plain<T>(Class<T> rendererClass, Function<T, Object> value) implements DisplayRenderer {

        @Override
        public boolean canRender(String mimeType) {
            return true;
        }

        @Override
        public DisplayData render(String mimeType, Object object) {
            List<Object> one = new ArrayList<>();
            one.add(value.apply(rendererClass.cast(object)));
            return DisplayData.fromText(
                    TextColumn.of("", one, Unit.NUMBER, 0).cells().get(0));
        }
    }

    /** Plots as PNG, with twice the points of the place that they take. */
    private record Picture() implements DisplayRenderer {

        @Override
        public Class<?> rendererClass() {
            return Plot.class;
        }

        @Override
        public boolean canRender(String mimeType) {
            return true;
        }

        @Override
        public DisplayData render(String mimeType, Object plot) {
            DisplayData data = DisplayData.fromText(plot.toString());
            Optional<byte[]> picture = ((Plot) plot).png();
            if (picture.isEmpty()) {
                data.putHTML(HtmlTable.of(List.of(), List.of(), List.of("nothing to draw yet: there are no rows")));
                return data;
            }
            data.putData("image/png", Base64.getEncoder().encodeToString(picture.get()));
            data.putMetaData("image/png", Map.of("width", Plot.WIDTH, "height", Plot.HEIGHT));
            return data;
        }
    }
}
