package io.flagcast.jobs.printing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PrinterTest {

    private record Town(String name, long people, Double green, OptionalDouble height, Instant founded) {}

    private static final Town NORTH =
            new Town("North", 12_345, 0.256, OptionalDouble.of(100.5), Instant.parse("1200-01-01T00:00:00Z"));
    private static final Town SOUTH =
            new Town("South", 7, null, OptionalDouble.empty(), Instant.parse("1950-06-30T12:00:00Z"));

    private static final Sheet<Town> TOWNS = Sheet.<Town>unnamed()
            .column("town", "town", Town::name)
            .column("people", "people", Town::people, Shown.COUNT)
            .column("green", "green_share", Town::green, Shown.percent(1))
            .column("height", "height", Town::height, Shown.number("%.2f").absentAs("-"))
            .text("size", town -> town.people() > 1_000 ? "large" : "small")
            .value("founded", Town::founded);

    private static String printed(Format format, Consumer<Printer> work) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        work.accept(Printer.of(format, new PrintStream(bytes, true, StandardCharsets.UTF_8)));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String csv(Object... values) {
        Sheet<Object> sheet = Sheet.unnamed().value("value", row -> row).value("end", row -> "!");
        return printed(Format.CSV, printer -> printer.print(sheet, Arrays.asList(values)));
    }

    private static String json(Object value) {
        Sheet<Object> sheet = Sheet.unnamed().value("value", row -> row);
        return printed(Format.JSON, printer -> printer.print(sheet, Arrays.asList(value)));
    }

    @Test
    void aTableShowsPeopleTheirColumnsInTheirFormWithNumbersToTheRight() {
        assertThat(printed(Format.TABLE, printer -> printer.print(TOWNS, List.of(NORTH, SOUTH))))
                .isEqualTo("""
                        town   people   green  height  size
                        -----  ------  ------  ------  -----
                        North  12,345  25.6 %  100.50  large
                        South       7          -       small
                        """);
    }

    @Test
    void aTableWithoutRowsHasItsHeadings() {
        assertThat(printed(Format.TABLE, printer -> printer.print(TOWNS, List.of())))
                .isEqualTo("""
                        town  people  green  height  size
                        ----  ------  -----  ------  ----
                        """);
    }

    @Test
    void csvHasAHeaderAndPlainNumbersAndInstants() {
        assertThat(printed(Format.CSV, printer -> printer.print(TOWNS, List.of(NORTH, SOUTH))))
                .isEqualTo("""
                        town,people,green_share,height,founded
                        North,12345,0.256,100.5,1200-01-01T00:00:00Z
                        South,7,,,1950-06-30T12:00:00Z
                        """);
    }

    @Test
    void csvQuotesCommasQuotesAndLineBreaksAsRfc4180SaysAndNothingElse() {
        assertThat(csv("a,b", "say \"so\"", "two\nlines", "two\r\nlines", "plain text;'", ""))
                .isEqualTo("value,end\n"
                        + "\"a,b\",!\n"
                        + "\"say \"\"so\"\"\",!\n"
                        + "\"two\nlines\",!\n"
                        + "\"two\r\nlines\",!\n"
                        + "plain text;',!\n"
                        + ",!\n");
    }

    @Test
    void csvHasListsAndObjectsAsQuotedJson() {
        assertThat(csv(List.of(1, 2), Map.of("a", "b")))
                .isEqualTo("value,end\n\"[1,2]\",!\n\"{\"\"a\"\":\"\"b\"\"}\",!\n");
    }

    @Test
    void jsonIsAnObjectALineWithTypedValuesInTheOrderOfTheColumns() {
        assertThat(printed(Format.JSON, printer -> printer.print(TOWNS, List.of(NORTH, SOUTH))))
                .isEqualTo("""
                        {"town":"North","people":12345,"green_share":0.256,"height":100.5,"founded":"1200-01-01T00:00:00Z"}
                        {"town":"South","people":7,"green_share":null,"founded":"1950-06-30T12:00:00Z"}
                        """);
    }

    @Test
    void jsonKeepsTypesInsideListsAndObjects() {
        Map<String, Object> inner = new LinkedHashMap<>();
        inner.put("known", Optional.of(true));
        inner.put("absent", OptionalLong.empty());
        inner.put("unknown", null);
        assertThat(json(Arrays.asList(1L, 2.5, "text", null, Timestamp.from(Instant.EPOCH), inner)))
                .isEqualTo(
                        "{\"value\":[1,2.5,\"text\",null,\"1970-01-01T00:00:00Z\",{\"known\":true,\"unknown\":null}]}\n");
    }

    @Test
    void jsonTellsWhichTableARowIsOf() {
        Sheet<String> sheet = Sheet.<String>named("towns").value("town", row -> row);
        assertThat(printed(Format.JSON, printer -> printer.print(sheet, List.of("North"))))
                .isEqualTo("{\"table\":\"towns\",\"town\":\"North\"}\n");
    }

    @Test
    void csvIsTheFirstTableAloneAndMayComeInPieces() {
        Sheet<String> towns = Sheet.<String>named("towns").value("town", row -> row);
        Sheet<String> rivers = Sheet.<String>named("rivers").value("river", row -> row);
        assertThat(printed(Format.CSV, printer -> {
                    printer.print(towns, List.of("North"));
                    printer.print(rivers, List.of("Long"));
                    printer.print(towns, List.of("South"));
                }))
                .isEqualTo("town\nNorth\nSouth\n");
    }

    @Test
    void csvRefusesRowsOfOtherColumnsUnderOneHeader() {
        Sheet<String> towns = Sheet.<String>unnamed().value("town", row -> row);
        Sheet<String> rivers = Sheet.<String>unnamed().value("river", row -> row);
        assertThatThrownBy(() -> printed(Format.CSV, printer -> {
                    printer.print(towns, List.of("North"));
                    printer.print(rivers, List.of("Long"));
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("CSV of [town] goes on with [river]");
    }

    @Test
    void linesForPeopleStandInTablesAlone() {
        assertThat(printed(Format.TABLE, printer -> printer.say("towns"))).isEqualTo("towns\n");
        assertThat(printed(Format.CSV, printer -> printer.say("towns"))).isEmpty();
        assertThat(printed(Format.JSON, printer -> printer.say("towns"))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"CSV", "JSON"})
    void rowsForProgramsAreWrittenAsTheyCome(Format format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Printer printer = Printer.of(format, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        Iterator<Town> rows = new Iterator<>() {
            private int given;

            @Override
            public boolean hasNext() {
                return given < 2;
            }

            @Override
            public Town next() {
                if (given++ == 0) {
                    return NORTH;
                }
                assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("North");
                return SOUTH;
            }
        };

        printer.print(TOWNS, rows);

        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("South");
    }
}
