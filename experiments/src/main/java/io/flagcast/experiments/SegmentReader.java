package io.flagcast.experiments;

import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the segments of an experiment, and what names one of them. */
final class SegmentReader {

    private final Optional<List<String>> names;

    /** @param names of those that the file declares, absent where nobody can tell */
    SegmentReader(Optional<List<String>> names) {
        this.names = names;
    }

    Optional<Segments> read(Value value) {
        return Mapping.ofNames(name -> band -> band(name, band))
                .read(value)
                .flatMap(bands -> value.build(() -> new Segments(List.copyOf(bands.values()))));
    }

    private static Optional<Band> band(String name, Value value) {
        return Mapping.listOf(Numbers::number)
                .read(value)
                .flatMap(ends -> ends.size() == 2
                        ? value.build(() -> new Band(name, ends.get(0), ends.get(1)))
                        : value.refuse("a segment has two ends; write [from, to], as in [30, 70]"));
    }

    /** A segment, or all users together. */
    Optional<String> watched(Value value) {
        return Words.nameIn(
                        "segments",
                        names.map(declared -> Stream.concat(declared.stream(), Stream.of(Segments.ALL))
                                .toList()))
                .read(value);
    }
}
