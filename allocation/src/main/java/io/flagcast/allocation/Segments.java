package io.flagcast.allocation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Named bands that partition the scores [0, 100]: each is (from, to], the first includes 0.
 *
 * @param bands in ascending order
 */
public record Segments(List<Band> bands) implements Serializable {

    /** What metrics and parameters call the users of every segment together. */
    public static final String ALL = "all";

    private static final Set<String> RESERVED = Set.of(ALL, "unscored");

    /** One band for everybody, where an experiment declares none. */
    public static final Segments SINGLE = new Segments(List.of(new Band("scored", 0, 100)));

    /**
     * One band of scores.
     *
     * @param name the segment
     * @param from exclusive lower end (inclusive for 0)
     * @param to inclusive upper end
     */
    public record Band(String name, double from, double to) implements Serializable {

        public Band {
            Objects.requireNonNull(name, "name");
            if (RESERVED.contains(name)) {
                throw new IllegalArgumentException(
                        "segment '%s': metrics use this name for users of every segment or of none; choose another"
                                .formatted(name));
            }
            if (!(from >= 0 && to <= 100 && from < to)) {
                throw new IllegalArgumentException(
                        "segment '%s' is [%s, %s]: a band is [from, to] with 0 <= from < to <= 100"
                                .formatted(name, from, to));
            }
        }
    }

    public Segments {
        bands = bands.stream().sorted(Comparator.comparingDouble(Band::from)).toList();
        partitionProblem(bands).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
    }

    private static Optional<String> partitionProblem(List<Band> bands) {
        double reached = 0;
        List<String> names = new ArrayList<>();
        for (Band band : bands) {
            if (names.contains(band.name())) {
                return Optional.of("segment '" + band.name() + "' is declared twice");
            }
            names.add(band.name());
            if (band.from() != reached) {
                return Optional.of("segments %s between %s and %s: they must partition [0, 100]"
                        .formatted(
                                band.from() > reached ? "leave a gap" : "overlap",
                                Math.min(band.from(), reached),
                                Math.max(band.from(), reached)));
            }
            reached = band.to();
        }
        return reached == 100
                ? Optional.empty()
                : Optional.of("segments end at " + reached + ": they must partition [0, 100]");
    }

    public List<String> names() {
        return bands.stream().map(Band::name).toList();
    }

    /**
     * The segment of a score.
     *
     * @throws IllegalArgumentException where the score is outside [0, 100]
     */
    public String of(double score) {
        if (score >= 0) {
            for (Band band : bands) {
                if (score <= band.to()) {
                    return band.name();
                }
            }
        }
        throw new IllegalArgumentException("score " + score + " is outside [0, 100]");
    }
}
