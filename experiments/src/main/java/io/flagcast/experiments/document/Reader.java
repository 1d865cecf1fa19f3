package io.flagcast.experiments.document;

import java.util.Optional;

/** Turns a value of the file into a typed one. */
@FunctionalInterface
public interface Reader<T> {

    /** The typed value, absent where a problem was reported instead. */
    Optional<T> read(Value value);
}
