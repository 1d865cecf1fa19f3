package io.flagcast.experiments.document;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The name that somebody may have meant. */
public final class Nearest {

    private Nearest() {}

    /** The valid name with the fewest typing errors, where they are few for its length. */
    public static Optional<String> to(String written, Collection<String> valid) {
        int most = (written.length() + 2) / 3;
        return valid.stream()
                .filter(name -> Math.abs(name.length() - written.length()) <= most)
                .filter(name -> errors(written, name) <= most)
                .min(Comparator.comparingInt(name -> errors(written, name)));
    }

    /** What to append to a message. */
    static String suggestion(String written, Collection<String> valid) {
        return to(written, valid).map(name -> "; did you mean '" + name + "'?").orElse("");
    }

    /**
     * Insertions, deletions, substitutions and swaps of neighbours, whatever the case: the optimal string alignment
     * distance (Damerau, A Technique for Computer Detection and Correction of Spelling Errors, 1964).
     */
    static int errors(String written, String name) {
        String a = written.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        int[][] distance = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    distance[i][j] = i + j;
                    continue;
                }
                int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                distance[i][j] = Math.min(
                        distance[i - 1][j - 1] + substitution, 1 + Math.min(distance[i - 1][j], distance[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    distance[i][j] = Math.min(distance[i][j], 1 + distance[i - 2][j - 2]);
                }
            }
        }
        return distance[a.length()][b.length()];
    }
}
