package io.flagcast.jobs.printing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import scala.jdk.javaapi.CollectionConverters;

class RowSheetTest {

    private static final StructType INNER = StructType.fromDDL("a INT, b STRING");
    private static final StructType SCHEMA = StructType.fromDDL(
            "n BIGINT, d DECIMAL(5,2), at TIMESTAMP, day DATE, list ARRAY<INT>, part STRUCT<a: INT, b: STRING>,"
                    + " labels MAP<STRING, STRING>, nothing STRING");

    private static final Row ROW = RowFactory.create(
            7L,
            new BigDecimal("1.50"),
            Timestamp.from(Instant.parse("2026-03-01T00:00:00Z")),
            Date.valueOf("2026-03-02"),
            CollectionConverters.asScala(List.of(1, 2)).toSeq(),
            new GenericRowWithSchema(new Object[] {3, null}, INNER),
            CollectionConverters.asScala(Map.of("severity", "info")),
            null);

    private static String printed(Format format) {
        return printed(format, SCHEMA, List.of(ROW));
    }

    private static String printed(Format format, StructType schema, List<Row> rows) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Printer.of(format, new PrintStream(bytes, true, StandardCharsets.UTF_8)).print(RowSheet.of(schema), rows);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void rowsOfSparkAreJsonWithStructsListsAndMapsInside() {
        assertThat(printed(Format.JSON))
                .isEqualTo("{\"n\":7,\"d\":1.5,\"at\":\"2026-03-01T00:00:00Z\",\"day\":\"2026-03-02\",\"list\":[1,2],"
                        + "\"part\":{\"a\":3,\"b\":null},\"labels\":{\"severity\":\"info\"},\"nothing\":null}\n");
    }

    @Test
    void rowsOfSparkAreCsvWithJsonInCells() {
        assertThat(printed(Format.CSV))
                .isEqualTo("n,d,at,day,list,part,labels,nothing\n"
                        + "7,1.5,2026-03-01T00:00:00Z,2026-03-02,\"[1,2]\",\"{\"\"a\"\":3,\"\"b\"\":null}\","
                        + "\"{\"\"severity\"\":\"\"info\"\"}\",\n");
    }

    @Test
    void decimalsHaveTheDigitsThatTheyNeed() {
        StructType schema = StructType.fromDDL("d DECIMAL(38,15), sums STRUCT<w: DECIMAL(38,15)>");
        List<Row> rows =
                List.of(row(schema, "0"), row(schema, "1200"), row(schema, "0.5"), row(schema, "-3.000000000000001"));

        assertThat(printed(Format.TABLE, schema, rows).lines().skip(2))
                .containsExactly(
                        "                 0  {\"w\":0}",
                        "              1200  {\"w\":1200}",
                        "               0.5  {\"w\":0.5}",
                        "-3.000000000000001  {\"w\":-3.000000000000001}");
        assertThat(printed(Format.CSV, schema, rows).lines().skip(1))
                .startsWith("0,\"{\"\"w\"\":0}\"", "1200,\"{\"\"w\"\":1200}\"");
        assertThat(printed(Format.JSON, schema, rows).lines())
                .startsWith("{\"d\":0,\"sums\":{\"w\":0}}", "{\"d\":1200,\"sums\":{\"w\":1200}}");
    }

    private static Row row(StructType schema, String number) {
        BigDecimal decimal = new BigDecimal(number).setScale(15);
        StructType sums = (StructType) schema.apply("sums").dataType();
        return RowFactory.create(decimal, new GenericRowWithSchema(new Object[] {decimal}, sums));
    }

    @Test
    void peopleSeeInstantsAsIsoHasThem() {
        assertThat(printed(Format.TABLE).lines().skip(2))
                .singleElement()
                .asString()
                .contains("2026-03-01T00:00:00Z");
    }
}
