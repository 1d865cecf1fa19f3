package io.flagcast.jobs.printing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultLineTest {

    private final ResultLine line = new ResultLine();

    private String printed(int code) {
        StringWriter out = new StringWriter();
        line.print(new PrintWriter(out, true), code);
        return out.toString();
    }

    @Test
    void nobodyAskedForIt() {
        line.add(Map.of("publication", 7));
        assertThat(printed(0)).isEmpty();
    }

    @Test
    void howItEndedStandsFirstAndIsNotWhatTheCommandThought() {
        line.of("run");
        line.ask();
        line.add(Map.of("state", "published", "rows", Map.of("allocations", 1200)));
        assertThat(printed(0))
                .isEqualTo(
                        "{\"command\":\"run\",\"state\":\"published\",\"exit_code\":0,\"exit_reason\":null,\"rows\":{\"allocations\":1200}}\n");
        line.because("the disk is full");
        assertThat(printed(75))
                .startsWith(
                        "{\"command\":\"run\",\"state\":\"failed\",\"exit_code\":75,\"exit_reason\":\"the disk is full\",");
    }

    @ParameterizedTest
    @CsvSource({
        "0, done",
        "1, failed",
        "70, failed",
        "78, failed",
        "129, interrupted",
        "130, interrupted",
        "143, interrupted"
    })
    void everyExitCodeHasAState(int code, String state) {
        line.of("score");
        line.ask();
        assertThat(printed(code)).contains("\"state\":\"%s\",\"exit_code\":%d".formatted(state, code));
    }
}
