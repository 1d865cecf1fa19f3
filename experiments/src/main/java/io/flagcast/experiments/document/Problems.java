package io.flagcast.experiments.document;

import java.util.ArrayList;
import java.util.List;

/** Collects the problems of one file. */
public final class Problems {

    private final String file;
    private final List<Problem> found = new ArrayList<>();

    public Problems(String file) {
        this.file = file;
    }

    public void add(int line, String message) {
        found.add(new Problem(file, line, message));
    }

    String file() {
        return file;
    }

    public List<Problem> found() {
        return List.copyOf(found);
    }

    /** Text of the file as it may stand in a message: on one line and not endless. */
    public static String quoted(String text) {
        StringBuilder shown = new StringBuilder("'");
        text.codePoints().limit(60).forEach(c -> {
            if (Character.isISOControl(c)) {
                shown.append("\\u%04x".formatted(c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.append(text.codePointCount(0, text.length()) > 60 ? "...'" : "'")
                .toString();
    }
}
