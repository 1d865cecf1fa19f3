package io.flagcast.allocation;

import java.io.Serializable;
import java.util.Objects;

/**
 * The range of a layer that belongs to an experiment. Experiments in disjoint ranges of one layer share no user.
 *
 * @param name the layer, also its salt
 * @param from inclusive, in [0, 1)
 * @param to exclusive, in (from, 1]
 */
public record Layer(String name, double from, double to) implements Serializable {

    /** The whole of a layer that nobody shares. */
    public static final Layer NONE = new Layer("", 0, 1);

    public Layer {
        Objects.requireNonNull(name, "name");
        if (!(from >= 0 && from < to && to <= 1)) {
            throw new IllegalArgumentException(
                    "layer '%s' is [%s, %s): a range is [from, to) with 0 <= from < to <= 1".formatted(name, from, to));
        }
    }

    boolean contains(double bucket) {
        return bucket >= from && bucket < to;
    }

    /** Whether both claim a part of one layer. */
    public boolean overlaps(Layer other) {
        return name.equals(other.name) && from < other.to && other.from < to;
    }
}
