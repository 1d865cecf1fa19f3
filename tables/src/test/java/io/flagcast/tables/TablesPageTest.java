package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code docs/tables.md} and {@code docs/inputs.md} say what the contracts say; with {@code -Dflagcast.write} they are made to. */
class TablesPageTest {

    private static final String COMMAND = "mvn -pl tables test -Dtest=TablesPageTest -Dflagcast.write";

    private static void assertSays(String name, String begins, String ends, String text) throws IOException {
        Path file = Path.of("..", "docs", name);
        String page = Files.readString(file);
        int begin = page.indexOf(begins);
        int end = page.indexOf(ends) + ends.length() + 1;
        assertThat(begin).as("%s has the line %s", file, begins).isPositive();
        assertThat(end).as("%s has the line %s", file, ends).isGreaterThan(begin);
        if (System.getProperty("flagcast.write") != null) {
            Files.writeString(file, page.substring(0, begin) + text + page.substring(end));
            return;
        }
        assertThat(page.substring(begin, end))
                .as("%s differs from the contracts; this writes it anew: %s", file, COMMAND)
                .isEqualTo(text);
    }

    @Test
    void thePageOfTablesSaysWhatTheContractsSay() throws IOException {
        assertSays("tables.md", TablesPage.BEGIN, TablesPage.END, TablesPage.text());
    }

    @Test
    void thePageOfInputsSaysWhatTheContractsSay() throws IOException {
        String begin = "<!-- inputs: what `flagcast describe inputs` prints -->\n";
        String end = "<!-- inputs: end -->";
        assertSays("inputs.md", begin, end, begin + "\n" + InputsPage.text() + "\n" + end + "\n");
    }

    @Test
    void examplesOfInputsAreRowsOfTheirTables() {
        assertThat(Tables.of(Table.Kind.INPUT)).allSatisfy(table -> {
            List<String> rows = InputsPage.EXAMPLES.get(table.name());
            List<String> names = List.of(rows.get(0).split(","));
            assertThat(names)
                    .containsAll(table.columns().stream()
                            .filter(Column::isRequired)
                            .map(Column::name)
                            .toList());
            if (table.columnSet() == Table.ColumnSet.CLOSED) {
                assertThat(table.columnNames()).containsAll(names);
            }
            assertThat(rows).allSatisfy(row -> assertThat(row.split(",", -1)).hasSameSizeAs(names));
        });
    }

    @Test
    void everyTableSaysWhatIsInIt() {
        assertThat(Tables.ALL).allSatisfy(table -> {
            assertThat(table.doc()).as(table.name()).isNotBlank();
            assertThat(table.columns())
                    .allSatisfy(column -> assertThat(column.doc())
                            .as(table.name() + "." + column.name())
                            .isNotBlank());
        });
    }
}
