package io.flagcast.jobs.run;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.experiments.Experiment;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.RunId;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Table;
import io.flagcast.training.Scoring.Scorer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * One execution for one as-of: what every stage works with.
 *
 * @param settings configuration
 * @param experiments all experiment files
 * @param configHash hash of both
 * @param lake the tables
 * @param inputs the input tables up to the as-of
 * @param id the run
 * @param beside the publication beside whose tables it only measures; absent for a run that makes all tables
 * @param backfill whether it makes up for an as-of that was missed: it does not become live, no rule fires and no alert is sent
 * @param publications all publications when the run began, oldest first
 * @param earlier the newest tables of an earlier as-of, which it goes on from; a restatement starts from where the first run did
 * @param parameters per experiment what rules, bandit and people had set before the as-of
 * @param reshuffled experiments that may have a new salt
 * @param startedAt when it began
 * @param scored what has scored the users, where this process did: whoever goes on with their scores can make them again instead
 *     of gathering them from the table
 * @param progress for people
 */
public record Run(
        Settings settings,
        List<Experiment> experiments,
        String configHash,
        Lake lake,
        Inputs inputs,
        RunId id,
        Optional<Publication> beside,
        boolean backfill,
        List<Publication> publications,
        Optional<Publication> earlier,
        Map<String, AllocationParameters> parameters,
        Set<String> reshuffled,
        Instant startedAt,
        AtomicReference<List<Scorer>> scored,
        Progress progress) {

    public Run {
        Objects.requireNonNull(beside, "beside");
        Objects.requireNonNull(earlier, "earlier");
        experiments = List.copyOf(experiments);
        publications = List.copyOf(publications);
        parameters = Map.copyOf(parameters);
        reshuffled = Set.copyOf(reshuffled);
    }

    /** The publication that was live when the run began. */
    public Optional<Publication> before() {
        return Publication.newest(publications);
    }

    /** The rows of a table that this run works with: those it wrote, or the live ones beside which it measures. */
    public Dataset<Row> slice(Table table) {
        return beside.isPresent() ? lake.published(table, beside) : lake.slice(table, id.toString());
    }

    public Instant asOf() {
        return id.asOf();
    }

    /** Every experiment as this run decides it. */
    public List<Rollout> rollouts() {
        return Rollout.of(experiments, parameters, settings.lake(), asOf());
    }

    public AllocationParameters parameters(Experiment experiment) {
        return parameters.getOrDefault(experiment.experimentId(), AllocationParameters.INITIAL);
    }
}
