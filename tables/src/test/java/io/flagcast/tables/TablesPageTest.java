package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code docs/tables.md} says what the contracts say; with {@code -Dflagcast.write} it is made to. */
class TablesPageTest {

    private static final Path PAGE = Path.of("..", "docs", "tables.md");
    private static final String COMMAND = "mvn -pl tables test -Dtest=TablesPageTest -Dflagcast.write";

    @Test
    void thePageSaysWhatTheContractsSay() throws IOException {
        String page = Files.readString(PAGE);
        int begin = page.indexOf(TablesPage.BEGIN);
        int end = page.indexOf(TablesPage.END) + TablesPage.END.length() + 1;
        assertThat(begin).as("%s has the line %s", PAGE, TablesPage.BEGIN).isPositive();
        assertThat(end).as("%s has the line %s", PAGE, TablesPage.END).isGreaterThan(begin);
        if (System.getProperty("flagcast.write") != null) {
            Files.writeString(PAGE, page.substring(0, begin) + TablesPage.text() + page.substring(end));
            return;
        }
        assertThat(page.substring(begin, end))
                .as("%s differs from the contracts; this writes it anew: %s", PAGE, COMMAND)
                .isEqualTo(TablesPage.text());
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
