package io.flagcast.features;

import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.expressions.Aggregator;

/**
 * An aggregate that gathers in bytes, which it may change in place: Spark 4.1 cannot serialise buffers of other classes where plans are
 * interpreted.
 *
 * @param <T> what is gathered
 */
public abstract class BytesAggregator<T> extends Aggregator<T, byte[], byte[]> {

    private static final long serialVersionUID = 1;

    @Override
    public byte[] finish(byte[] gathered) {
        return gathered;
    }

    @Override
    public final Encoder<byte[]> bufferEncoder() {
        return Encoders.BINARY();
    }

    @Override
    public final Encoder<byte[]> outputEncoder() {
        return Encoders.BINARY();
    }
}
