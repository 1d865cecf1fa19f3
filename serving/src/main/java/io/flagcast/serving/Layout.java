package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Strangers;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * Where everything lies in a snapshot file: header, numbers of verdicts, contents, index, words, verdicts, names, checksums.
 *
 * <p>The words of a user say what the {@link UserIndex} does not, without room between them: for every experiment which of its
 * verdicts is his, in as many bits as the largest number takes, and for every feature a {@link PackedPrediction}. Verdicts are what
 * decisions have in common: users with one score in one segment of one version have one. An experiment numbers its own from 1 on; 0 is
 * a user whom the run has not decided there.
 *
 * @param users how many
 * @param contents length of the contents
 * @param verdicts how many, for every experiment
 * @param features how many
 * @param names length of the names that verdicts number
 */
record Layout(long users, int contents, List<Integer> verdicts, int features, int names) {

    static final int HEADER = 64;
    static final int VERDICT = 48;

    /** As the format numbers them. */
    static final List<Reason> REASONS = List.of(
            Reason.INACTIVE,
            Reason.HOLDOUT,
            Reason.LAYER,
            Reason.INELIGIBLE,
            Reason.EXPLORATION,
            Reason.UNSCORED,
            Reason.NO_BENEFIT,
            Reason.POLICY);

    private static final long MAGIC =
            ByteBuffer.wrap("FLAGCAST".getBytes(StandardCharsets.US_ASCII)).getLong();
    private static final int FORMAT = 3;
    private static final int HEADER_CHECKSUM = HEADER - Integer.BYTES;

    Layout {
        verdicts = List.copyOf(verdicts);
    }

    /** The layout of a snapshot whose verdicts are not known yet: as far as its words. */
    static Layout of(long users, int contents, int experiments, int features) {
        return new Layout(users, contents, Collections.nCopies(experiments, 0), features, 0);
    }

    Layout withVerdicts(List<Integer> numbers, int lengthOfNames) {
        return new Layout(users, contents, numbers, features, lengthOfNames);
    }

    int experiments() {
        return verdicts.size();
    }

    UserIndex.Shape index() {
        return UserIndex.Shape.of(users, experiments());
    }

    Words words() {
        return new Words(verdicts, features);
    }

    static long numbersAt() {
        return HEADER;
    }

    long contentsAt() {
        return numbersAt() + (long) Integer.BYTES * experiments();
    }

    long indexAt() {
        return aligned(contentsAt() + contents);
    }

    long wordsAt() {
        return indexAt() + index().bytes();
    }

    long verdictsAt() {
        return aligned(wordsAt() + users * words().bytes() + Words.READ_BEYOND);
    }

    long namesAt() {
        return verdictsAt()
                + VERDICT * verdicts.stream().mapToLong(Integer::longValue).sum();
    }

    long checksumsAt() {
        return aligned(namesAt() + names);
    }

    private static long aligned(long at) {
        return (at + 63) / 64 * 64;
    }

    byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        header.putLong(MAGIC);
        header.order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(FORMAT)
                .putInt(experiments())
                .putInt(features)
                .putLong(users)
                .putInt(contents)
                .putInt(names)
                .putInt(HEADER_CHECKSUM, checksum(header));
        return header.array();
    }

    private static int checksum(ByteBuffer header) {
        CRC32C checksum = new CRC32C();
        checksum.update(header.slice(0, HEADER_CHECKSUM));
        return (int) checksum.getValue();
    }

    /**
     * The layout that a file tells.
     *
     * @throws DamagedException where this is no snapshot
     * @throws RefusedException where it is one of another format
     */
    static Layout of(FileChannel channel) throws IOException {
        ByteBuffer header = read(channel, 0, HEADER);
        if (header.order(ByteOrder.BIG_ENDIAN).getLong() != MAGIC) {
            throw new DamagedException("it does not begin as a snapshot does");
        }
        header.order(ByteOrder.LITTLE_ENDIAN);
        int format = header.getInt();
        if (format != FORMAT) {
            throw new RefusedException("its format is %d, this client reads %d".formatted(format, FORMAT));
        }
        if (header.getInt(HEADER_CHECKSUM) != checksum(header)) {
            throw new DamagedException("the checksum of its header is wrong");
        }
        int experiments = header.getInt();
        int features = header.getInt();
        long users = header.getLong();
        int contents = header.getInt();
        int names = header.getInt();
        ByteBuffer verdicts = read(channel, HEADER, Integer.BYTES * experiments);
        return new Layout(
                users,
                contents,
                IntStream.range(0, experiments)
                        .mapToObj(i -> verdicts.getInt(Integer.BYTES * i))
                        .toList(),
                features,
                names);
    }

    private static ByteBuffer read(FileChannel channel, long from, int bytes) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (read.hasRemaining()) {
            if (channel.read(read, from + read.position()) < 0) {
                throw new DamagedException("it ends within its header");
            }
        }
        return read.flip();
    }

    /**
     * What a snapshot says once.
     *
     * @param lake its root
     * @param sequence of the publication
     * @param runId run that decided
     * @param publishedAt when it became live
     * @param hashSeed of the users' keys
     * @param experiments in the order of their columns
     * @param features in the order of their columns
     */
    record Contents(
            String lake,
            long sequence,
            String runId,
            Instant publishedAt,
            long hashSeed,
            List<Definition> experiments,
            List<Feature> features) {

        /**
         * A feature.
         *
         * @param unit in which its uplifts are packed
         */
        record Feature(String id, double unit) {}

        /** Whether these are the decisions of a publication. */
        boolean isOf(Published published) throws RefusedException {
            return sequence == published.sequence()
                    && runId.equals(published.runId())
                    && publishedAt.toEpochMilli() == published.publishedAt().toEpochMilli();
        }

        byte[] bytes() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                out.writeUTF(lake);
                out.writeLong(sequence);
                out.writeUTF(runId);
                out.writeLong(publishedAt.toEpochMilli());
                out.writeLong(hashSeed);
                out.writeInt(experiments.size());
                for (Definition experiment : experiments) {
                    write(experiment, out);
                }
                out.writeInt(features.size());
                for (Feature feature : features) {
                    out.writeUTF(feature.id());
                    out.writeDouble(feature.unit());
                }
            } catch (IOException e) {
                throw new IllegalStateException("bytes in memory", e);
            }
            return bytes.toByteArray();
        }

        static Contents of(byte[] bytes) throws IOException {
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
            String lake = in.readUTF();
            long sequence = in.readLong();
            String runId = in.readUTF();
            Instant publishedAt = Instant.ofEpochMilli(in.readLong());
            long seed = in.readLong();
            List<Definition> experiments = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                experiments.add(definition(in));
            }
            List<Feature> features = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                features.add(new Feature(in.readUTF(), in.readDouble()));
            }
            return new Contents(lake, sequence, runId, publishedAt, seed, experiments, features);
        }

        private static void write(Definition definition, DataOutputStream out) throws IOException {
            out.writeUTF(definition.experimentId());
            out.writeUTF(definition.featureId());
            out.writeUTF(definition.activity().name());
            out.writeInt(definition.treatment().size());
            for (Map.Entry<String, String> parameter : definition.treatment().entrySet()) {
                out.writeUTF(parameter.getKey());
                out.writeUTF(parameter.getValue());
            }
            out.writeUTF(definition.salts().experiment());
            out.writeUTF(definition.salts().holdout());
            out.writeDouble(definition.holdout());
            out.writeUTF(definition.layer().name());
            out.writeDouble(definition.layer().from());
            out.writeDouble(definition.layer().to());
            out.writeBoolean(definition.hasEligibility());
            out.writeDouble(definition.exploration());
            out.writeDouble(definition.unscored());
            out.writeLong(definition.parametersVersion());
        }

        private static Definition definition(DataInputStream in) throws IOException {
            String experimentId = in.readUTF();
            String featureId = in.readUTF();
            Activity activity = Activity.valueOf(in.readUTF());
            Map<String, String> treatment = new LinkedHashMap<>();
            for (int left = in.readInt(); left > 0; left--) {
                treatment.put(in.readUTF(), in.readUTF());
            }
            return new Definition(
                    experimentId,
                    featureId,
                    activity,
                    treatment,
                    new Strangers.Salts(in.readUTF(), in.readUTF()),
                    in.readDouble(),
                    new Layer(in.readUTF(), in.readDouble(), in.readDouble()),
                    in.readBoolean(),
                    in.readDouble(),
                    in.readDouble(),
                    in.readLong());
        }
    }
}
