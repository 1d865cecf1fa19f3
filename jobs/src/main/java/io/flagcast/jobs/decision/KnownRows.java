package io.flagcast.jobs.decision;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** What is known of a user by feature or by experiment: an array of structs that name it, in any order. */
final class KnownRows implements Serializable {

    /** Of what a score or an enrolment says; the last two only where an experiment asks what pays. */
    static final List<String> NAMES =
            List.of("score", "no_benefit", "model_id", "source", "uplift_bound", "uplift_shown");

    /** Places in the rows of {@link #byKey}. */
    static final int SCORE = 1;

    static final int NO_BENEFIT = 2;
    static final int MODEL_ID = 3;
    static final int SOURCE = 4;
    static final int BOUND = 5;
    static final int SHOWN = 6;

    private static final int KEY = 0;

    private static final long serialVersionUID = 1L;

    private final StructType entry;
    /** Of the key and {@link #NAMES} in the entries. */
    private final int[] places;

    private final boolean inOrder;

    /**
     * Reads arrays of a type.
     *
     * @param type an array of structs with the key and {@link #NAMES}
     * @param key name of the column by which they are looked up
     */
    KnownRows(DataType type, String key) {
        this.entry = (StructType) ((ArrayType) type).elementType();
        this.places = Stream.concat(Stream.of(key), NAMES.stream())
                .mapToInt(entry::fieldIndex)
                .toArray();
        this.inOrder = entry.length() == places.length
                && IntStream.range(0, places.length).allMatch(i -> places[i] == i);
    }

    /** The entries, which may be absent (null), with the key and {@link #NAMES} in this order. */
    Map<UTF8String, InternalRow> byKey(ArrayData entries) {
        Map<UTF8String, InternalRow> byKey = new HashMap<>();
        for (int i = 0; entries != null && i < entries.numElements(); i++) {
            InternalRow known = known(entries.getStruct(i, entry.length()));
            byKey.put(known.getUTF8String(KEY), known);
        }
        return byKey;
    }

    private InternalRow known(InternalRow row) {
        if (inOrder) {
            return row;
        }
        Object[] values = new Object[places.length];
        for (int i = 0; i < places.length; i++) {
            values[i] = row.get(places[i], entry.apply(places[i]).dataType());
        }
        return new GenericInternalRow(values);
    }
}
