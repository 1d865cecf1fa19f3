package io.flagcast.settings.hocon;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;

/**
 * How much configuration there may be: more than anybody writes, and less than takes its parser long. What is counted is
 * counted over the file, all that it includes and all {@code --set}.
 */
final class Bounds {

    /** Bytes of text. */
    static final int MOST_BYTES = 256 * 1024;

    /** Groups and lists within one another; {@code a.b.c} are three. */
    static final int MOST_LEVELS = 100;

    static final int MOST_KEYS = 2_000;

    /** Words, quoted texts, brackets and references. */
    static final int MOST_WORDS = 10_000;

    /** Places with {@code ${…}}. */
    static final int MOST_REFERENCES = 1_000;

    /** Files that are included, each as often as it is. */
    static final int MOST_FILES = 100;

    private final boolean isStrict;
    private int bytes;
    private int keys;
    private int words;
    private int references;
    private int files;

    private Bounds(boolean isStrict) {
        this.isStrict = isStrict;
    }

    /** For what people write, and nothing counted yet. */
    static Bounds strict() {
        return new Bounds(true);
    }

    /** For what is made of that, and of variables. */
    static Bounds none() {
        return new Bounds(false);
    }

    private void require(int count, int most, String place, String what, String remedy) {
        if (count > most && isStrict) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s: configuration has more than %,d %s: %s".formatted(place, most, what, remedy));
        }
    }

    void text(String place, int length) {
        bytes += length;
        require(bytes, MOST_BYTES, place, "bytes", "is this the right file?");
    }

    void file(String place) {
        require(++files, MOST_FILES, place, "included files", "write what belongs together into one");
    }

    void key(String place) {
        require(++keys, MOST_KEYS, place, "keys", "settings need some dozens");
    }

    void word(String place) {
        require(++words, MOST_WORDS, place, "values and words", "keep data in a source, not in here");
    }

    void reference(String place) {
        require(++references, MOST_REFERENCES, place, "${…}", "write the values themselves");
    }

    /** Levels are not added up, but lie within one another. */
    void levels(String place, int levels) {
        require(levels, MOST_LEVELS, place, "levels of groups, lists and a.b.c", "settings need six");
    }
}
