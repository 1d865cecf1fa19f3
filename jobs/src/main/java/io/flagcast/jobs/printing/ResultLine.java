package io.flagcast.jobs.printing;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What has come of a command, as one JSON object in the last line of standard output, where a scheduler asks for it. The command adds
 * what it finds; how it ended is known last.
 */
public final class ResultLine {

    private static final List<ExitCode> INTERRUPTED =
            List.of(ExitCode.HUNG_UP, ExitCode.INTERRUPTED, ExitCode.TERMINATED);

    private final Map<String, Object> facts = new LinkedHashMap<>();
    private boolean isAsked;
    private String command = "";
    private Optional<String> reason = Optional.empty();

    /** From now on it is to be printed. */
    public void ask() {
        isAsked = true;
    }

    public boolean isAsked() {
        return isAsked;
    }

    /** Names the command. */
    public void of(String name) {
        command = name;
    }

    /**
     * Adds what was found.
     *
     * @param further strings, numbers, and lists and maps of such, by name; {@code state} counts where the command ends well
     */
    public void add(Map<String, ?> further) {
        facts.putAll(further);
    }

    /** Why the command did not end well, in a sentence. */
    public void because(String sentence) {
        reason = Optional.of(sentence);
    }

    /** Prints it, where it was asked for. */
    public void print(PrintWriter out, int code) {
        if (!isAsked) {
            return;
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("command", command);
        line.put("state", state(code));
        line.put("exit_code", code);
        line.put("exit_reason", reason.orElse(null));
        facts.forEach(line::putIfAbsent);
        out.println(Json.write(line));
    }

    private Object state(int code) {
        if (INTERRUPTED.stream().anyMatch(signal -> signal.code() == code)) {
            return "interrupted";
        }
        return code == ExitCode.DONE.code() ? facts.getOrDefault("state", "done") : "failed";
    }
}
