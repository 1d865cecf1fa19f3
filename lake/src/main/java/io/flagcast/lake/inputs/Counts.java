package io.flagcast.lake.inputs;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rows of a table.
 *
 * @param in rows read; of a record that could not be parsed, its lines
 * @param out valid rows
 * @param quarantined rejected rows, or their lines
 * @param filtered rows that the source's {@code where} leaves out
 * @param repeated rows that were delivered again
 */
public record Counts(long in, long out, long quarantined, long filtered, long repeated) {

    private static final Pattern TEXT =
            Pattern.compile("[0-9]+ in, ([0-9]+) out, [0-9]+ quarantined(, [0-9]+ filtered)?(, [0-9]+ repeated)?");

    /** As it stands in {@code runs.detail}. */
    public String text() {
        return in + " in, " + out + " out, " + quarantined + " quarantined"
                + (filtered == 0 ? "" : ", " + filtered + " filtered")
                + (repeated == 0 ? "" : ", " + repeated + " repeated");
    }

    /** The valid rows that a text of {@link #text} speaks of; absent for another text. */
    public static OptionalLong valid(String text) {
        Matcher counts = TEXT.matcher(text);
        return counts.matches() ? OptionalLong.of(Long.parseLong(counts.group(1))) : OptionalLong.empty();
    }
}
