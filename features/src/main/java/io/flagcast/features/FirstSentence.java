package io.flagcast.features;

/** What an error says, as far as it helps a person. */
public final class FirstSentence {

    private FirstSentence() {}

    /**
     * The first line of what an error says: of Spark's without the name that its own documentation lists it by, its place, the
     * advice to set what nobody can set here, and Scala's word for a broken requirement.
     */
    public static String of(Throwable error) {
        return String.valueOf(error.getMessage())
                .strip()
                .replaceFirst("^requirement failed:\\s*", "")
                .lines()
                .findFirst()
                .filter(line -> error.getMessage() != null)
                .orElse(error.getClass().getSimpleName())
                .replaceFirst("^\\[[A-Z0-9_.]+] ", "")
                .replaceFirst(" SQLSTATE: \\w+;?", "")
                .replaceFirst(";? line \\d+ pos \\d+;?$", "")
                .replaceFirst(" \\(line \\d+, pos \\d+\\)$", "")
                .replaceFirst(" Correct the value as per the syntax, .*", "")
                .replaceFirst(" If necessary set \"spark[^ ]* to .*", "")
                .strip();
    }
}
