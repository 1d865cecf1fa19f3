package io.flagcast.tables;

import static io.flagcast.tables.Column.required;

import java.util.Collection;
import java.util.stream.Collectors;

/**
 * The ids by which tables meet. They meet where they are equal to the last character: upper and lower case, leading zeros and
 * surrounding spaces make another id.
 */
public final class Ids {

    static final Column USER_ID = required("user_id", "STRING", "the user");
    static final Column FEATURE_ID = required("feature_id", "STRING", "the product feature behind a flag");
    static final Column EXPERIMENT_ID = required("experiment_id", "STRING", "the configured rollout");

    /** {@link #isBlank} of what is not null, as a regular expression for engines. */
    public static final String BLANK = "^[\\p{Z}\\p{Cc}\\p{Cf}]*$";

    /** So many ids make a line that is read. */
    private static final int FEW = 8;

    private Ids() {}

    /** Ids in a line: the first few, and how many more there are. */
    public static String few(Collection<String> ids) {
        return few(ids, ", ");
    }

    /** What is said of one id after the other, in a line: of the first few, and of how many more something is said. */
    public static String few(Collection<String> ids, String separator) {
        String first = ids.stream().limit(FEW).collect(Collectors.joining(separator));
        return ids.size() > FEW ? "%s and %,d more".formatted(first, ids.size() - FEW) : first;
    }

    /** Whether an id names nobody: it is null, empty, or nothing that can be seen, as spaces of any width and controls. */
    public static boolean isBlank(String id) {
        if (id == null) {
            return true;
        }
        // A loop, as every lookup of a service asks and none may make an object.
        int at = 0;
        while (at < id.length() && isInvisible(id.codePointAt(at))) {
            at += Character.charCount(id.codePointAt(at));
        }
        return at == id.length();
    }

    private static boolean isInvisible(int character) {
        return switch (Character.getType(character)) {
            case Character.SPACE_SEPARATOR,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.CONTROL,
                    Character.FORMAT -> true;
            default -> false;
        };
    }
}
