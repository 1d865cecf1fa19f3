package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.percentile_approx;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.ExposureAttribution;
import io.flagcast.features.InputMapping;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.inputs.SourceSettings.Duplicates;
import io.flagcast.statistics.Arrivals;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/** The input tables up to one as-of: nothing at or after it is there. Each source is read once. */
public final class Inputs implements AutoCloseable {

    private static final Map<Table, String> TIMES =
            Map.of(Tables.EVENTS, "occurred_at", Tables.EXPOSURES, "exposed_at", Tables.OUTCOMES, "occurred_at");

    /** When a row reached the lake. */
    private static final String ARRIVAL = "ingested_at";

    private static final Instant NEVER = Instant.parse("9999-12-31T00:00:00Z");

    /** Share of the rows whose way to the lake is waited for. */
    private static final double USUAL = 0.99;

    private final Lake lake;
    private final Map<Table, SourceSettings> sources;
    private final Instant asOf;
    /** Rows that reached the lake later are not there; absent where all that is there now may be read. */
    private final Optional<Instant> knownAt;

    private final Map<Table, Source> opened = new HashMap<>();
    private final Map<Table, Dataset<Row>> mapped = new HashMap<>();
    private final Map<String, String> versions = new TreeMap<>();
    private final List<Dataset<Row>> persisted = new ArrayList<>();
    private final List<Publication> publications;
    private Dataset<Row> attributed;
    private Arrivals arrivals;

    /**
     * The inputs of a question: all that is there now.
     *
     * @param publications all publications, oldest first: what was live when an exposure happened
     */
    public Inputs(Lake lake, Map<Table, SourceSettings> sources, Instant asOf, List<Publication> publications) {
        this(lake, sources, asOf, Optional.empty(), publications);
    }

    /**
     * The inputs of a run.
     *
     * @param knownAt rows that reached the lake after it ({@code ingested_at}) are not there
     * @param publications all publications before the run, oldest first: what was live when an exposure happened
     */
    public Inputs(
            Lake lake,
            Map<Table, SourceSettings> sources,
            Instant asOf,
            Instant knownAt,
            List<Publication> publications) {
        this(lake, sources, asOf, Optional.of(knownAt), publications);
    }

    private Inputs(
            Lake lake,
            Map<Table, SourceSettings> sources,
            Instant asOf,
            Optional<Instant> knownAt,
            List<Publication> publications) {
        this.knownAt = knownAt;
        this.lake = Objects.requireNonNull(lake, "lake");
        this.sources = Map.copyOf(sources);
        this.publications = List.copyOf(publications);
        this.asOf = Objects.requireNonNull(asOf, "asOf");
    }

    private InputMapping mapping(Table table) {
        SourceSettings source = sources.get(table);
        return new InputMapping(table, source.origin(), source.columns(), source.where());
    }

    private Source source(Table table) {
        return opened.computeIfAbsent(table, name -> Source.open(lake.spark(), name, sources.get(name)));
    }

    private Dataset<Row> mapped(Table table, Dataset<Row> raw) {
        return before(
                table,
                sources.get(table).duplicates() == Duplicates.ONCE
                        ? mapping(table)
                                .once(
                                        raw,
                                        source(table)
                                                .files()
                                                .map(SourceFiles::columns)
                                                .orElse(Set.of()))
                        : mapping(table).apply(raw));
    }

    private Dataset<Row> mapped(Table table) {
        return mapped.computeIfAbsent(table, this::map);
    }

    private Dataset<Row> map(Table table) {
        if (!sources.containsKey(table)) {
            return nothing(table);
        }
        versions.put(table.name(), source(table).version());
        return persist(mapped(table, source(table).rows()));
    }

    private Dataset<Row> nothing(Table table) {
        StructType empty = StructType.fromDDL(table.schema())
                .add(InputMapping.REASON, "string")
                .add(InputMapping.SOURCE_ROW, "string")
                .add(InputMapping.LEFT_OUT, "string");
        return lake.spark().createDataFrame(List.of(), empty);
    }

    private Dataset<Row> before(Table table, Dataset<Row> rows) {
        // A row without a readable time stays: it is rejected, not forgotten.
        Dataset<Row> known = knownAt.isPresent() && hasArrival(table, rows)
                ? rows.where(coalesce(col(ARRIVAL).leq(lit(knownAt.get())), lit(true)))
                : rows;
        return TIMES.containsKey(table)
                ? known.where(coalesce(col(TIMES.get(table)).lt(lit(asOf)), lit(true)))
                : known;
    }

    private static boolean hasArrival(Table table, Dataset<Row> rows) {
        return TIMES.containsKey(table) && Arrays.asList(rows.columns()).contains(ARRIVAL);
    }

    private Dataset<Row> persist(Dataset<Row> rows) {
        persisted.add(rows.persist(StorageLevel.MEMORY_AND_DISK()));
        return rows;
    }

    /** Valid rows of a table. */
    public Dataset<Row> valid(Table table) {
        return InputMapping.valid(mapped(table));
    }

    /**
     * What an input has that an earlier measurement did not read.
     *
     * @param rows its valid rows before the as-of: of the files that are new, or all
     * @param read identities of all files that are read to the end by now
     * @param continues whether the rows come on top of what was read before; else they are all there is
     * @param files how many files the rows come from
     */
    public record Further(Dataset<Row> rows, Set<String> read, boolean continues, int files) {}

    /**
     * The valid rows of a table that are new to whoever has read these files.
     *
     * @param known identities of files that were read to the end; where one is not there any more as it was, all rows come
     */
    public Further further(Table table, Set<String> known) {
        if (!sources.containsKey(table)) {
            return new Further(InputMapping.valid(nothing(table)), Set.of(), true, 0);
        }
        Optional<SourceFiles> files = source(table).files();
        if (files.isEmpty()) {
            return new Further(valid(table), Set.of(), false, 0);
        }
        boolean continues = !known.isEmpty() && files.get().have(known);
        List<String> fresh = files.get().beyond(continues ? known : Set.of());
        if (fresh.isEmpty()) {
            return new Further(InputMapping.valid(nothing(table)), known, continues, 0);
        }
        Dataset<Row> further = source(table).rows(fresh);
        Set<String> read = new HashSet<>(files.get().complete(further, read(table, further), fresh, asOf));
        if (continues) {
            read.addAll(known);
        }
        boolean all = !continues && mapped.containsKey(table);
        return new Further(
                all ? valid(table) : InputMapping.valid(mapped(table, further)), read, continues, fresh.size());
    }

    /** When the rows of a source happened; of those that are not known yet, a time that no run has reached. */
    private Column read(Table table, Dataset<Row> raw) {
        InputMapping mapping = mapping(table);
        Column happened = mapping.instant(raw, TIMES.get(table));
        return mapping.has(raw, ARRIVAL) && knownAt.isPresent()
                ? when(mapping.instant(raw, ARRIVAL).gt(lit(knownAt.get())), lit(NEVER))
                        .otherwise(happened)
                : happened;
    }

    /** Valid rows of a table at or after an instant: those that were read already, or read for this once. */
    public Dataset<Row> since(Table table, Instant from) {
        Dataset<Row> rows = mapped.containsKey(table) || !sources.containsKey(table)
                ? mapped(table)
                : mapped(table, source(table).rows());
        return InputMapping.valid(rows).where(col(TIMES.get(table)).geq(lit(from)));
    }

    /**
     * Up to when outcomes are in. Rows of one outcome arrive about in the order in which they happened, so one is in up to its
     * newest row; where rows say when they reached the lake, up to the newest such time less what 99 of 100 rows take.
     */
    public Arrivals arrivals() {
        if (arrivals == null) {
            arrivals = findArrivals();
        }
        return arrivals;
    }

    private Arrivals findArrivals() {
        List<Row> rows = since(Tables.OUTCOMES, Instant.EPOCH)
                .groupBy("outcome")
                .agg(
                        max("occurred_at").as("newest"),
                        max("ingested_at").as("ingested"),
                        percentile_approx(
                                        unix_micros(col("ingested_at")).minus(unix_micros(col("occurred_at"))),
                                        lit(USUAL),
                                        lit(1_000))
                                .as("takes"))
                .collectAsList();
        Optional<Instant> ingested = rows.stream()
                .filter(row -> row.getAs("ingested") != null)
                .map(row -> Lake.instant(row, "ingested"))
                .max(Comparator.naturalOrder());
        Arrivals found = new Arrivals(
                asOf,
                rows.stream()
                        .collect(Collectors.toMap(
                                row -> row.getAs("outcome"),
                                row -> row.getAs("takes") == null
                                        ? Lake.instant(row, "newest")
                                        : ingested.orElseThrow().minus(row.<Long>getAs("takes"), ChronoUnit.MICROS))));
        // Exposures are read only where they can make a difference.
        return found.isSilent() ? found.unlessOver(newestExposure()) : found;
    }

    private Optional<Instant> newestExposure() {
        Row newest = since(Tables.EXPOSURES, Instant.EPOCH)
                .agg(max("exposed_at").as("newest"))
                .head();
        return newest.isNullAt(0) ? Optional.empty() : Optional.of(Lake.instant(newest, "newest"));
    }

    /** Valid exposures, with the decision that was live at the time where none was logged. */
    public Dataset<Row> exposures() {
        if (attributed == null) {
            attributed = attributed(valid(Tables.EXPOSURES));
        }
        return attributed;
    }

    /** Some valid exposures, with the decision that was live at the time where none was logged. */
    public Dataset<Row> attributed(Dataset<Row> exposures) {
        List<Row> rows = publications.stream()
                .filter(publication -> publication.kind() != Publication.Kind.METRICS
                        && publication.tables().containsKey(Tables.ALLOCATIONS.name()))
                .map(publication -> RowFactory.create(
                        publication.sequence(),
                        publication.publishedAt(),
                        publication.tables().get(Tables.ALLOCATIONS.name()).runId()))
                .toList();
        if (rows.isEmpty() || ExposureAttribution.incomplete(exposures).isEmpty()) {
            return exposures;
        }
        StructType schema = StructType.fromDDL("publish_seq BIGINT, published_at TIMESTAMP, allocations_run_id STRING");
        return persist(ExposureAttribution.complete(
                exposures, lake.spark().createDataFrame(rows, schema), lake.history(Tables.ALLOCATIONS)));
    }

    /** Rejected rows of all tables: {@code source_table}, {@code reason}, {@code row}. */
    public Dataset<Row> rejected() {
        return sources.keySet().stream()
                .map(table -> mapping(table).rejected(mapped(table)))
                .reduce(Dataset::unionByName)
                .orElseThrow();
    }

    /** The most common reasons for rejecting rows of a table, each with one of the values, for a message. */
    public String commonReasons(Table table) {
        return mapping(table)
                .rejected(mapped(table))
                .groupBy(regexp_replace(col("reason"), "'.*'", "''"))
                .agg(min("reason").as("reason"), count(lit(1)).as("count"))
                .orderBy(col("count").desc(), col("reason"))
                .limit(3)
                .collectAsList()
                .stream()
                .map(row -> "%s (%,d)".formatted(row.getString(1), row.getLong(2)))
                .collect(Collectors.joining("; "));
    }

    /** Reads every source and counts. */
    public Map<Table, Counts> counts() {
        Map<Table, Counts> counts = new HashMap<>();
        Dataset<Row> counted = sources.keySet().stream()
                .map(table -> mapped(table)
                        .agg(
                                // A sum is NULL of no rows.
                                coalesce(sum(InputMapping.lines()), lit(0L)),
                                coalesce(
                                        sum(when(col(InputMapping.REASON).isNotNull(), InputMapping.lines())), lit(0L)),
                                count_if(col(InputMapping.LEFT_OUT).equalTo(InputMapping.FILTERED)),
                                count_if(col(InputMapping.LEFT_OUT).equalTo(InputMapping.REPEATED)))
                        .select(lit(table.name()), col("*")))
                .reduce(Dataset::union)
                .orElseThrow();
        DatabaseRows.naming(sources, counted::collectAsList)
                .forEach(row -> counts.put(
                        Tables.named(row.getString(0)).orElseThrow(),
                        new Counts(
                                row.getLong(1),
                                row.getLong(1) - row.getLong(2) - row.getLong(3) - row.getLong(4),
                                row.getLong(2),
                                row.getLong(3),
                                row.getLong(4))));
        return counts;
    }

    /** The files of the sources in which a user stands; of a source without files, what it is. */
    public List<String> placesOf(String userId) {
        List<String> places = new ArrayList<>();
        for (Table table : sources.keySet()) {
            Dataset<Row> raw = source(table).rows();
            Dataset<Row> own = raw.where(mapping(table).text("user_id").equalTo(userId));
            if (Arrays.asList(raw.columns()).contains(InputMapping.FILE)) {
                own.select(InputMapping.FILE).distinct().collectAsList().forEach(row -> places.add(row.getString(0)));
            } else if (!own.isEmpty()) {
                places.add(sources.get(table).origin());
            }
        }
        return places.stream().distinct().sorted().toList();
    }

    /** Columns of a mapped table without the mapping's own. */
    public StructType schema(Table table) {
        return new StructType(Arrays.stream(mapped(table).schema().fields())
                .filter(field -> !InputMapping.OWN.contains(field.name()))
                .toArray(StructField[]::new));
    }

    /** What a person should know of how the sources were read so far. */
    public List<String> notes() {
        return opened.values().stream()
                .flatMap(source -> source.notes().stream())
                .sorted()
                .toList();
    }

    /** Bytes of the files of a source; absent where it has none, as a database. */
    public Optional<Long> bytes(Table table) {
        return source(table).files().map(SourceFiles::bytes);
    }

    /** Version of every source. */
    public Map<String, String> versions() {
        sources.keySet().forEach(this::mapped);
        return Map.copyOf(versions);
    }

    @Override
    public void close() {
        persisted.forEach(Dataset::unpersist);
    }
}
