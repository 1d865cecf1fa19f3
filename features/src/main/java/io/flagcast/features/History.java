package io.flagcast.features;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.spark.sql.functions.udaf;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import scala.Tuple3;

/**
 * The events of one user as bytes in one order, so that all that is made of them has the same bits on any partitioning: features by
 * their UTF-8 bytes, and of each its events by time and value.
 */
final class History {

    /**
     * Aggregate over {@code feature_id} as UTF-8, {@code occurred_at} in microseconds and {@code value}, of events in any order, to
     * bytes that {@link #read} takes.
     */
    static final UserDefinedFunction GATHERED =
            udaf(new Gathering(), Encoders.tuple(Encoders.BINARY(), Encoders.LONG(), Encoders.DOUBLE()));

    private static final int EVENT_BYTES = Long.BYTES + Double.BYTES;

    /** Bytes of one user; Java has no longer arrays. */
    private static final int MOST = Integer.MAX_VALUE - 8;

    private History() {}

    /**
     * Where so many further bytes end.
     *
     * @throws InputException where there are more than one array holds
     */
    static int end(int end, int further) {
        long reached = (long) end + further;
        if (reached > MOST) {
            throw new InputException(
                    "events: one user has more than %,d MB of them, which is no person: leave such users out by flagcast.sources.events.where"
                            .formatted(MOST >> 20));
        }
        return (int) reached;
    }

    /** The events of one feature; the arrays are longer than what is in them. */
    private static final class Series {

        private static final int FIRST = 4;

        private long[] micros = new long[FIRST];
        private double[] values = new double[FIRST];
        private int size;

        private void add(long at, double value) {
            if (size == micros.length) {
                micros = Arrays.copyOf(micros, 2 * size);
                values = Arrays.copyOf(values, 2 * size);
            }
            micros[size] = at;
            values[size++] = value;
        }

        private void write(ByteBuffer bytes) {
            bytes.putInt(size);
            if (isInOrder()) {
                for (int i = 0; i < size; i++) {
                    bytes.putLong(micros[i]).putDouble(values[i]);
                }
                return;
            }
            Event[] events = new Event[size];
            Arrays.setAll(events, i -> new Event(micros[i], values[i]));
            Arrays.sort(events, Event.ORDER);
            for (Event event : events) {
                bytes.putLong(event.micros).putDouble(event.value);
            }
        }

        private boolean isInOrder() {
            for (int i = 1; i < size; i++) {
                if (micros[i - 1] > micros[i]
                        || (micros[i - 1] == micros[i] && Double.compare(values[i - 1], values[i]) > 0)) {
                    return false;
                }
            }
            return true;
        }
    }

    private record Event(long micros, double value) {

        private static final Comparator<Event> ORDER =
                Comparator.comparingLong(Event::micros).thenComparingDouble(Event::value);
    }

    /** To whom the events of a window are shown, feature by feature. */
    interface Reader {

        /**
         * The events of one feature, at least one.
         *
         * @param micros when they happened, ascending, in microseconds since the epoch
         * @param values of the same events
         */
        void events(String featureId, long[] micros, double[] values);
    }

    /**
     * Shows the events in {@code [opens, cut)}.
     *
     * @param history what {@link #GATHERED} made
     * @param opens microseconds since the epoch, as {@code cut}
     */
    static void read(byte[] history, long opens, long cut, Reader reader) {
        ByteBuffer bytes = ByteBuffer.wrap(history);
        while (bytes.hasRemaining()) {
            int nameLength = bytes.getInt();
            int nameAt = bytes.position();
            int size = bytes.getInt(nameAt + nameLength);
            int events = nameAt + nameLength + Integer.BYTES;
            int first = firstNotBefore(bytes, events, size, opens);
            int count = firstNotBefore(bytes, events, size, cut) - first;
            if (count > 0) {
                long[] micros = new long[count];
                double[] values = new double[count];
                bytes.position(events + EVENT_BYTES * first);
                for (int i = 0; i < count; i++) {
                    micros[i] = bytes.getLong();
                    values[i] = bytes.getDouble();
                }
                reader.events(new String(history, nameAt, nameLength, UTF_8), micros, values);
            }
            bytes.position(events + EVENT_BYTES * size);
        }
    }

    private static int firstNotBefore(ByteBuffer bytes, int events, int count, long instant) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (bytes.getLong(events + EVENT_BYTES * middle) < instant) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * Gathers events one behind the other in an array that is longer than what is in it: the length of that, then of each event the
     * length of its feature's name, the name, time and value.
     */
    private static final class Gathering extends BytesAggregator<Tuple3<byte[], Long, Double>> {

        private static final long serialVersionUID = 1;
        private static final int FIRST = 256;

        @Override
        public byte[] zero() {
            byte[] log = new byte[FIRST];
            ByteBuffer.wrap(log).putInt(Integer.BYTES);
            return log;
        }

        private static byte[] reserve(byte[] log, int further) {
            int end = end(ByteBuffer.wrap(log).getInt(), further);
            int length = (int) Math.min(MOST, log.length + log.length / 2L);
            byte[] roomy = end <= log.length ? log : Arrays.copyOf(log, Math.max(end, length));
            ByteBuffer.wrap(roomy).putInt(end);
            return roomy;
        }

        @Override
        public byte[] reduce(byte[] log, Tuple3<byte[], Long, Double> event) {
            byte[] name = event._1();
            int end = ByteBuffer.wrap(log).getInt();
            byte[] longer = reserve(log, Integer.BYTES + name.length + EVENT_BYTES);
            ByteBuffer.wrap(longer)
                    .position(end)
                    .putInt(name.length)
                    .put(name)
                    .putLong(event._2())
                    .putDouble(event._3());
            return longer;
        }

        @Override
        public byte[] merge(byte[] log, byte[] other) {
            int end = ByteBuffer.wrap(log).getInt();
            int further = ByteBuffer.wrap(other).getInt() - Integer.BYTES;
            byte[] longer = reserve(log, further);
            System.arraycopy(other, Integer.BYTES, longer, end, further);
            return longer;
        }

        @Override
        public byte[] finish(byte[] log) {
            ByteBuffer bytes = ByteBuffer.wrap(log);
            bytes.limit(bytes.getInt());
            Map<ByteBuffer, Series> ofFeature = new HashMap<>();
            while (bytes.hasRemaining()) {
                int length = bytes.getInt();
                ByteBuffer name = bytes.slice(bytes.position(), length);
                bytes.position(bytes.position() + length);
                ofFeature.computeIfAbsent(name, first -> new Series()).add(bytes.getLong(), bytes.getDouble());
            }
            return inOrder(ofFeature);
        }

        private static byte[] inOrder(Map<ByteBuffer, Series> ofFeature) {
            List<ByteBuffer> names = ofFeature.keySet().stream()
                    .sorted((one, other) -> Arrays.compareUnsigned(array(one), array(other)))
                    .toList();
            int length = 0;
            for (ByteBuffer name : names) {
                length = end(length, 2 * Integer.BYTES + name.limit() + EVENT_BYTES * ofFeature.get(name).size);
            }
            ByteBuffer bytes = ByteBuffer.allocate(length);
            for (ByteBuffer name : names) {
                bytes.putInt(name.limit()).put(array(name));
                ofFeature.get(name).write(bytes);
            }
            return bytes.array();
        }

        private static byte[] array(ByteBuffer name) {
            byte[] array = new byte[name.limit()];
            name.get(0, array);
            return array;
        }
    }
}
