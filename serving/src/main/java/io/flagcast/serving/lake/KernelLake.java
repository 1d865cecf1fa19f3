package io.flagcast.serving.lake;

import io.delta.kernel.Scan;
import io.delta.kernel.ScanBuilder;
import io.delta.kernel.Snapshot;
import io.delta.kernel.TableManager;
import io.delta.kernel.data.ColumnVector;
import io.delta.kernel.data.FilteredColumnarBatch;
import io.delta.kernel.data.MapValue;
import io.delta.kernel.data.Row;
import io.delta.kernel.defaults.engine.DefaultEngine;
import io.delta.kernel.engine.Engine;
import io.delta.kernel.engine.FileReadResult;
import io.delta.kernel.exceptions.TableNotFoundException;
import io.delta.kernel.expressions.Column;
import io.delta.kernel.expressions.Literal;
import io.delta.kernel.expressions.Predicate;
import io.delta.kernel.internal.InternalScanFileUtils;
import io.delta.kernel.internal.data.ScanStateRow;
import io.delta.kernel.internal.util.Utils;
import io.delta.kernel.types.BinaryType;
import io.delta.kernel.types.StringType;
import io.delta.kernel.types.StructField;
import io.delta.kernel.types.StructType;
import io.delta.kernel.utils.CloseableIterator;
import io.delta.kernel.utils.FileStatus;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/** The tables of a lake on local disk or S3, read with Delta Kernel. */
public final class KernelLake implements PublishedLake {

    private static final int LAST_FILES = 16;

    private final String root;
    private final Map<String, String> hadoop;
    private final int threads;
    private final AtomicReference<Engine> engine = new AtomicReference<>();
    private String publicationsVersion = "";
    private Optional<Published> newest = Optional.empty();

    /**
     * Opens a lake.
     *
     * @param root as in {@code flagcast.lake.root}
     * @param hadoop keys of the Hadoop file system, as {@code fs.s3a.endpoint}
     * @param threads that read files of a table at once
     */
    public KernelLake(String root, Map<String, String> hadoop, int threads) {
        this.root = root;
        this.hadoop = Map.copyOf(hadoop);
        this.threads = threads;
    }

    @Override
    public String root() {
        return root;
    }

    /** Made when the lake is first read: it takes longer than opening a snapshot. */
    private Engine engine() {
        Engine made = engine.get();
        if (made == null) {
            Configuration configuration = new Configuration();
            hadoop.forEach(configuration::set);
            // Cached file systems are those of whoever was first with this address, whatever his keys.
            configuration.setBoolean("fs.s3a.impl.disable.cache", true);
            engine.compareAndSet(null, DefaultEngine.create(configuration));
            made = engine.get();
        }
        return made;
    }

    @Override
    public synchronized Optional<Published> newest() throws IOException {
        Snapshot publications = snapshot(Tables.PUBLICATIONS);
        String version = publications.getMetadata().getId() + " " + publications.getVersion();
        if (version.equals(publicationsVersion)) {
            return newest;
        }
        List<Published> all = Collections.synchronizedList(new ArrayList<>());
        Scan scan = scan(publications, List.of("publish_seq", "published_at", "tables"), Optional.empty());
        // Every publication adds a file: the newest is in one of the last, even where some were compacted.
        List<Row> last = files(scan).stream()
                .sorted(Comparator.comparingLong((Row file) ->
                                InternalScanFileUtils.getAddFileStatus(file).getModificationTime())
                        .reversed())
                .limit(LAST_FILES)
                .toList();
        read(scan, last, batch -> addTo(all, batch));
        newest = all.stream().max(Comparator.comparingLong(Published::sequence));
        publicationsVersion = version;
        return newest;
    }

    private static void addTo(List<Published> all, KernelBatch batch) {
        for (int row = 0; row < batch.rows(); row++) {
            MapValue tables = batch.vector(2).getMap(batch.at(row));
            Map<String, Published.Slice> slices = new HashMap<>();
            for (int i = 0; i < tables.getSize(); i++) {
                ColumnVector values = tables.getValues();
                slices.put(
                        tables.getKeys().getString(i),
                        new Published.Slice(
                                values.getChild(0).getString(i),
                                values.getChild(1).getLong(i)));
            }
            all.add(new Published(
                    batch.number(row, 0), slices, Instant.EPOCH.plus(batch.number(row, 1), ChronoUnit.MICROS)));
        }
    }

    @Override
    public void read(Table table, String runId, List<String> columns, Consumer<Batch> batches) throws IOException {
        Scan scan = scan(snapshot(table), columns, Optional.of(runId));
        read(scan, files(scan), batches::accept);
    }

    private void read(Scan scan, List<Row> files, Consumer<KernelBatch> batches) throws IOException {
        Row state = scan.getScanState(engine());
        ExecutorService readers = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "flagcast lake reader");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<Void>> reading = new ArrayList<>();
            for (Row file : files) {
                reading.add(readers.submit(() -> {
                    read(state, file, batches);
                    return null;
                }));
            }
            for (Future<Void> each : reading) {
                each.get();
            }
        } catch (ExecutionException e) {
            throw unwrapped(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading " + root);
        } finally {
            // Whoever reads on would hand rows to somebody who has gone on to something else.
            readers.shutdownNow();
            awaitEnd(readers);
        }
    }

    private static void awaitEnd(ExecutorService readers) {
        boolean interrupted = false;
        while (!readers.isTerminated()) {
            try {
                var unused = readers.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static IOException unwrapped(Throwable cause) throws IOException {
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof IOException known ? known : new IOException(cause);
    }

    private Snapshot snapshot(Table table) throws IOException {
        String path = root + "/" + table.name();
        try {
            return TableManager.loadSnapshot(path).build(engine());
        } catch (TableNotFoundException e) {
            throw new IOException(path + " is no Delta table: is " + root + " the root of a lake?", e);
        }
    }

    private static Scan scan(Snapshot snapshot, List<String> columns, Optional<String> runId) throws IOException {
        StructType all = snapshot.getSchema();
        StructType wanted = new StructType();
        for (String column : columns) {
            if (all.indexOf(column) < 0) {
                throw new RefusedException("%s has no column %s: another version of Flagcast wrote it"
                        .formatted(snapshot.getPath(), column));
            }
            wanted = wanted.add(all.get(column));
        }
        ScanBuilder builder = snapshot.getScanBuilder().withReadSchema(wanted);
        return runId.map(id -> builder.withFilter(new Predicate("=", new Column("run_id"), Literal.ofString(id))))
                .orElse(builder)
                .build();
    }

    private List<Row> files(Scan scan) throws IOException {
        List<Row> files = new ArrayList<>();
        try (CloseableIterator<FilteredColumnarBatch> batches = scan.getScanFiles(engine())) {
            while (batches.hasNext()) {
                try (CloseableIterator<Row> rows = batches.next().getRows()) {
                    rows.forEachRemaining(files::add);
                }
            }
        }
        return files;
    }

    private void read(Row state, Row file, Consumer<KernelBatch> batches) throws IOException {
        StructType physical = withoutDecoding(ScanStateRow.getPhysicalDataReadSchema(state));
        FileStatus status = InternalScanFileUtils.getAddFileStatus(file);
        try (CloseableIterator<FilteredColumnarBatch> logical = Scan.transformPhysicalData(
                engine(),
                state,
                file,
                engine().getParquetHandler()
                        .readParquetFiles(Utils.singletonCloseableIterator(status), physical, Optional.empty())
                        .map(FileReadResult::getData))) {
            while (logical.hasNext()) {
                batches.accept(KernelBatch.of(logical.next()));
            }
        }
    }

    /** With texts as bytes: a {@link KernelBatch} decodes a text once where a vector decodes it in every row. */
    private static StructType withoutDecoding(StructType schema) {
        return new StructType(schema.fields().stream()
                .map(field -> field.getDataType() instanceof StringType
                        ? new StructField(field.getName(), BinaryType.BINARY, field.isNullable(), field.getMetadata())
                        : field)
                .toList());
    }
}
