package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.serving.ServedExperiment.Definition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where everything lies in a snapshot file: header, contents, directory, heads, words, verdicts, names, checksums.
 *
 * <p>Users are sorted by their key, a 64-bit hash. The directory has, for every value of the key's upper bits, the first user with
 * it: some eight users, among whom the rest of the key says about where the one is. So the directory stays in the processor's cache,
 * and a lookup reads one line of memory, or two. A user's head has the lower 48 bits of the key, a bit per experiment for whether
 * the user is enabled, and one for whether the run has not decided some experiment for him. His words are four bytes per experiment
 * and four per feature:
 *
 * <ul>
 *   <li>experiment: the highest bit says whether the user is enabled, the others number a verdict from 1 on; 0 for a user whom the
 *       run has not decided there
 *   <li>feature: see {@link PackedPrediction}
 * </ul>
 *
 * Verdicts are what decisions have in common: users with one score in one segment of one version have one.
 *
 * @param experiments how many
 * @param features how many
 * @param directoryBits upper bits of the key that number the directory's entries
 * @param users how many
 * @param contents length of the contents
 * @param verdicts how many
 * @param names length of the names that verdicts number
 */
record Layout(int experiments, int features, int directoryBits, long users, int contents, int verdicts, int names) {

    static final int HEADER = 64;
    static final int KEY = 6;
    static final long KEY_MASK = 0xFFFF_FFFF_FFFFL;
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
    private static final int FORMAT = 1;
    /** So that the directory and the 48 bits of a user are the whole key. */
    private static final int FEWEST_DIRECTORY_BITS = 16;

    static int directoryBits(long users) {
        int bits = 63 - Long.numberOfLeadingZeros(Math.max(8, users) / 8);
        return Math.max(FEWEST_DIRECTORY_BITS, bits);
    }

    Layout withVerdicts(int number, int lengthOfNames) {
        return new Layout(experiments, features, directoryBits, users, contents, number, lengthOfNames);
    }

    int headStride() {
        return KEY + (experiments + 1 + Byte.SIZE - 1) / Byte.SIZE;
    }

    int wordStride() {
        return Integer.BYTES * (experiments + features);
    }

    long contentsAt() {
        return HEADER;
    }

    long directoryAt() {
        return aligned(contentsAt() + contents);
    }

    long headsAt() {
        return aligned(directoryAt() + Integer.BYTES * ((1L << directoryBits) + 1));
    }

    long wordsAt() {
        return aligned(headsAt() + users * headStride());
    }

    long verdictsAt() {
        return aligned(wordsAt() + users * wordStride());
    }

    long namesAt() {
        return verdictsAt() + (long) VERDICT * verdicts;
    }

    long checksumsAt() {
        return aligned(namesAt() + names);
    }

    long headAt(long user) {
        return headsAt() + user * headStride();
    }

    long experimentAt(long user, int experiment) {
        return wordsAt() + user * wordStride() + (long) Integer.BYTES * experiment;
    }

    long featureAt(long user, int feature) {
        return experimentAt(user, experiments + feature);
    }

    private static long aligned(long at) {
        return (at + 63) / 64 * 64;
    }

    byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        header.putLong(MAGIC);
        header.order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(FORMAT)
                .putInt(experiments)
                .putInt(features)
                .putInt(directoryBits)
                .putLong(users)
                .putInt(contents)
                .putInt(verdicts)
                .putInt(names);
        return header.array();
    }

    /**
     * The layout that a header tells.
     *
     * @throws DamagedException where this is no snapshot
     * @throws RefusedException where it is one of another format
     */
    static Layout of(byte[] header) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(header);
        if (buffer.getLong() != MAGIC) {
            throw new DamagedException("it does not begin as a snapshot does");
        }
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        int format = buffer.getInt();
        if (format != FORMAT) {
            throw new RefusedException("its format is %d, this client reads %d".formatted(format, FORMAT));
        }
        return new Layout(
                buffer.getInt(),
                buffer.getInt(),
                buffer.getInt(),
                buffer.getLong(),
                buffer.getInt(),
                buffer.getInt(),
                buffer.getInt());
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
                    new Definition.Salts(in.readUTF(), in.readUTF()),
                    in.readDouble(),
                    new Layer(in.readUTF(), in.readDouble(), in.readDouble()),
                    in.readBoolean(),
                    in.readDouble(),
                    in.readDouble(),
                    in.readLong());
        }
    }
}
