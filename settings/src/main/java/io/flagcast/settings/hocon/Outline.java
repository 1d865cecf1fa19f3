package io.flagcast.settings.hocon;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigUtil;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What stands where in a text of HOCON. It is read in one pass and without recursion, so that whatever the text is, it can
 * be refused before the parser meets it, which needs stack for every level and more than linear time for much. A text that
 * is no HOCON has an outline, too: the parser says what is wrong with it.
 *
 * @param entries what is said of each key, in the order of the text
 * @param includes statements, in the order of the text
 */
record Outline(List<Entry> entries, List<Include> includes) {

    /**
     * What is said of a key once.
     *
     * @param path the key with the groups that it is in; those in a list have the element's number between
     * @param isGroup whether it says nothing but what other entries do: {@code { … }}
     * @param words what stands there beside references, one after the other
     * @param references the paths that {@code ${…}} name
     */
    record Entry(List<String> path, int line, boolean isGroup, String words, List<List<String>> references) {}

    /** An include statement, and the groups and lists that it stands in. */
    record Include(int line, Within within) {}

    /**
     * Where something stands.
     *
     * @param path the groups that it is in
     * @param levels those and lists
     */
    record Within(List<String> path, int levels) {

        static final Within NOTHING = new Within(List.of(), 0);
    }

    Outline {
        entries = List.copyOf(entries);
        includes = List.copyOf(includes);
    }

    /**
     * Reads a text.
     *
     * @param place how messages name the text
     * @param within the groups and lists that the text is in
     * @throws io.flagcast.lake.Refusal where there is more than the bounds allow
     */
    static Outline of(String place, String text, Within within, Bounds bounds) {
        return new Pass(place, text, within, bounds).read();
    }

    private static final String INCLUDE = "include";

    /** At the ends of a word. */
    private static final Pattern QUOTES = Pattern.compile("^\"(?:\"\")?|\"(?:\"\")?$");

    /** What ends a word, beside white space. */
    private static final String NO_WORD = "$\"{}[]:=,+#`^?!@*&\\";

    /** A value that is being read. */
    private static final class Value {
        private final List<String> path;
        private final int line;
        private final int levels;
        private final List<List<String>> references = new ArrayList<>();
        private boolean isEmpty = true;
        private boolean isGroup = true;
        private final StringBuilder words = new StringBuilder();

        Value(List<String> path, int line, int levels) {
            this.path = path;
            this.line = line;
            this.levels = levels;
        }

        Entry entry() {
            return new Entry(path, line, isGroup && !isEmpty, words.toString(), List.copyOf(references));
        }
    }

    /** A group or list that is being read. */
    private static final class Frame {
        private final List<String> path;
        private final int levels;
        private final boolean isList;
        /** The list that an element belongs to; in a group what is said of its key, null before its separator. */
        private Value value;

        private int elements;
        private int keyFrom = -1;
        private int keyTo = -1;
        private boolean keyEnded;

        Frame(List<String> path, int levels, boolean isList, Value value) {
            this.path = path;
            this.levels = levels;
            this.isList = isList;
            this.value = value;
        }

        void forgetKey() {
            keyFrom = -1;
            keyEnded = false;
        }
    }

    private static final class Pass {
        private final String place;
        private final String text;
        private final Bounds bounds;
        private final Deque<Frame> frames = new ArrayDeque<>();
        private final List<Entry> entries = new ArrayList<>();
        private final List<Include> includes = new ArrayList<>();
        private int at;
        private int line = 1;

        Pass(String place, String text, Within within, Bounds bounds) {
            this.place = place;
            this.text = text;
            this.bounds = bounds;
            frames.push(new Frame(within.path(), within.levels(), false, null));
        }

        private String here() {
            return place + ": " + line;
        }

        Outline read() {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '\n') {
                    newline();
                } else if (c == '#' || text.startsWith("//", at)) {
                    int end = text.indexOf('\n', at);
                    at = end < 0 ? text.length() : end;
                } else if (isSpace(c)) {
                    at++;
                } else {
                    token(c);
                }
            }
            frames.forEach(this::endValue);
            return new Outline(entries, includes);
        }

        private static boolean isSpace(char c) {
            return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\ufeff';
        }

        private void token(char c) {
            Frame frame = frames.element();
            switch (c) {
                case '{', '[' -> open(frame, c == '[');
                case '}', ']' -> close(frame);
                case ',' -> {
                    endValue(frame);
                    at++;
                }
                case '=', ':' -> separator(frame, 1);
                case '+' -> separator(frame, text.startsWith("+=", at) ? 2 : 1);
                case '"' -> word(frame, endOfQuoted());
                case '$' -> reference(frame);
                default -> word(frame, endOfWord());
            }
        }

        private void newline() {
            line++;
            at++;
            Frame frame = frames.element();
            if (frame.value == null) {
                frame.keyEnded = true;
            } else if (frame.isList || !frame.value.isEmpty) {
                endValue(frame);
            }
        }

        private void endValue(Frame frame) {
            if (frame.isList) {
                frame.elements++;
            } else {
                if (frame.value != null) {
                    entries.add(frame.value.entry());
                }
                frame.value = null;
            }
            frame.forgetKey();
        }

        private void separator(Frame frame, int length) {
            if (frame.value == null && frame.keyFrom >= 0) {
                begin(frame);
                frame.value.isGroup = length == 1;
            }
            at += length;
        }

        /** The key has been read: what is said of it follows. */
        private void begin(Frame frame) {
            String key = text.substring(frame.keyFrom, frame.keyTo);
            bounds.key(here());
            List<String> path = new ArrayList<>(frame.path);
            path.addAll(path(key, frame.levels));
            frame.value = new Value(path, line, frame.levels + path.size() - frame.path.size());
            frame.forgetKey();
        }

        /** Splits a path, which takes stack for each of its parts. */
        private List<String> path(String path, int levels) {
            boolean isQuoted = false;
            int parts = 1;
            for (int i = 0; i < path.length(); i++) {
                char c = path.charAt(i);
                if (c == '\\' && isQuoted) {
                    i++;
                } else if (c == '"') {
                    isQuoted = !isQuoted;
                } else if (c == '.' && !isQuoted) {
                    parts++;
                }
            }
            bounds.levels(here(), levels + parts);
            try {
                return ConfigUtil.splitPath(path);
            } catch (ConfigException e) {
                return List.of(path);
            }
        }

        private void open(Frame frame, boolean isList) {
            bounds.word(here());
            if (frame.value == null && frame.keyFrom >= 0) {
                begin(frame);
            }
            at++;
            Value value = frame.value;
            if (value == null) {
                // The braces around a whole text.
                frames.push(
                        new Frame(frame.path, frame.levels, isList, isList ? new Value(frame.path, line, 0) : null));
                return;
            }
            value.isEmpty = false;
            int levels = (frame.isList ? frame.levels : value.levels) + 1;
            bounds.levels(here(), levels);
            List<String> path = value.path;
            if (frame.isList) {
                path = new ArrayList<>(frame.path);
                path.add("[" + frame.elements + "]");
            }
            if (isList || frame.isList) {
                value.isGroup = false;
            }
            // A group's own keys are a level each.
            frames.push(new Frame(path, isList ? levels : levels - 1, isList, isList ? value : null));
        }

        private void close(Frame frame) {
            at++;
            if (!frame.isList) {
                endValue(frame);
            }
            if (frames.size() > 1) {
                frames.pop();
            }
        }

        private static void piece(Frame frame, String word) {
            frame.value.isEmpty = false;
            frame.value.isGroup = false;
            frame.value.words.append(word);
        }

        /** A word without its quotes; null says nothing. */
        private static String said(String word) {
            return word.equals("null") ? "" : QUOTES.matcher(word).replaceAll("");
        }

        private void word(Frame frame, int end) {
            bounds.word(here());
            int from = at;
            at = end;
            if (frame.value != null) {
                piece(frame, said(text.substring(from, end)));
            } else {
                if (frame.keyEnded) {
                    frame.forgetKey();
                }
                if (frame.keyFrom < 0) {
                    frame.keyFrom = from;
                    if (text.substring(from, end).equals(INCLUDE)) {
                        includes.add(new Include(line, new Within(frame.path, frame.levels)));
                    }
                }
                frame.keyTo = end;
            }
            line += (int)
                    text.substring(from, end).chars().filter(c -> c == '\n').count();
        }

        private int endOfWord() {
            int end = at + 1;
            while (end < text.length()
                    && NO_WORD.indexOf(text.charAt(end)) < 0
                    && !isSpace(text.charAt(end))
                    && !text.startsWith("//", end)) {
                end++;
            }
            return end;
        }

        private int endOfQuoted() {
            if (text.startsWith("\"\"\"", at)) {
                int end = text.indexOf("\"\"\"", at + 3);
                if (end < 0) {
                    return text.length();
                }
                end += 3;
                while (end < text.length() && text.charAt(end) == '"') {
                    end++;
                }
                return end;
            }
            return endOfString(at + 1);
        }

        private int endOfString(int from) {
            int end = from;
            while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\n') {
                end += text.charAt(end) == '\\' ? 2 : 1;
            }
            return Math.min(end < text.length() && text.charAt(end) == '"' ? end + 1 : end, text.length());
        }

        private void reference(Frame frame) {
            if (!text.startsWith("${", at)) {
                at++;
                return;
            }
            bounds.word(here());
            bounds.reference(here());
            int from = at + (text.startsWith("${?", at) ? 3 : 2);
            int end = from;
            while (end < text.length() && text.charAt(end) != '}' && text.charAt(end) != '\n') {
                end = text.charAt(end) == '"' ? endOfString(end + 1) : end + 1;
            }
            String named = text.substring(from, end).strip();
            List<String> path = path(named.endsWith("[]") ? named.substring(0, named.length() - 2) : named, 0);
            at = Math.min(end + 1, text.length());
            if (end < text.length() && text.charAt(end) == '\n') {
                at = end;
            }
            if (frame.value != null) {
                piece(frame, "");
                frame.value.references.add(path);
            }
        }
    }
}
