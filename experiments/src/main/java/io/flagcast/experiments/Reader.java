package io.flagcast.experiments;

import java.util.Optional;

/** Turns a value of the file into a typed one. */
@FunctionalInterface
interface Reader<T> {

    /** The typed value, absent where a problem was reported instead. */
    Optional<T> read(Value value);
}
