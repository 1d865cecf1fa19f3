package io.flagcast.delivery;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import io.openlineage.client.OpenLineage;
import io.openlineage.client.OpenLineage.InputDataset;
import io.openlineage.client.OpenLineage.OutputDataset;
import io.openlineage.client.OpenLineage.RunEvent;
import io.openlineage.client.OpenLineage.RunEvent.EventType;
import io.openlineage.client.transports.ApiKeyTokenProvider;
import io.openlineage.client.transports.FileConfig;
import io.openlineage.client.transports.FileTransport;
import io.openlineage.client.transports.HttpConfig;
import io.openlineage.client.transports.HttpTransport;
import io.openlineage.client.transports.Transport;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Tells of a run and its data sets in events of OpenLineage (https://openlineage.io/docs/spec/object-model): START when it begins,
 * COMPLETE, FAIL or ABORT when it ends. What is not delivered is said, and the run is as good as without.
 */
public final class Lineage {

    private static final URI PRODUCER = URI.create("https://flagcast.io/jobs");
    private static final int LONGEST_WAIT_MILLIS = 5_000;
    private static final String CLIENT = "io.openlineage:openlineage-java:1.39.0";

    private final LineageSettings settings;
    private final Clock clock;
    private final Consumer<String> say;

    /** How a run ended. */
    public enum End {
        COMPLETE,
        FAIL,
        /** Somebody asked it to. */
        ABORT
    }

    /**
     * A run, or one stage of it.
     *
     * @param job name of the command, as {@code run} or {@code score}
     * @param lake root of the lake, absolute
     * @param runId its run
     */
    public record Job(String job, String lake, String runId) {

        /** The same for the same run of the same lake, whichever process does it. */
        private UUID id() {
            return UUID.nameUUIDFromBytes((job + " " + runId + " " + lake).getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * A data set that is read or written.
     *
     * @param address of a folder, file or database, as {@code s3a://bucket/events}
     * @param version that was read or written; absent where it is not known
     * @param rows written; absent for what is read
     */
    public record DataSet(String address, Optional<String> version, Optional<Long> rows) {

        /** What the addresses within it hang on, as OpenLineage names them (https://openlineage.io/docs/spec/naming). */
        private String namespace() {
            URI uri = URI.create(address.replaceFirst("^jdbc:", "").replaceAll("[ {}*\\[\\]\\\\|^<>\"`]", "_"));
            String scheme = Optional.ofNullable(uri.getScheme()).orElse("file").replaceFirst("^s3a$", "s3");
            return uri.getAuthority() == null ? scheme : scheme + "://" + uri.getAuthority();
        }

        private String name() {
            return address.replaceFirst("^(jdbc:)?[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?", "");
        }
    }

    /** @param say takes the lines that a person should see */
    public Lineage(LineageSettings settings, Clock clock, Consumer<String> say) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.say = Objects.requireNonNull(say, "say");
    }

    /**
     * A run begins.
     *
     * @throws Refusal with exit code 78 where somebody is to be told and the client is not there
     */
    public void begun(Job job, Collection<DataSet> inputs) {
        tell(EventType.START, job, inputs, List.of(), Optional.empty());
    }

    /**
     * It has ended.
     *
     * @param why where it did not end well
     */
    public void ended(End end, Job job, Collection<DataSet> inputs, Collection<DataSet> outputs, Optional<String> why) {
        tell(EventType.valueOf(end.name()), job, inputs, outputs, why);
    }

    private void tell(
            EventType type, Job job, Collection<DataSet> inputs, Collection<DataSet> outputs, Optional<String> why) {
        if (!settings.isOn()) {
            return;
        }
        try {
            RunEvent event = event(type, job, inputs, outputs, why);
            settings.file().ifPresent(file -> emit(new FileTransport(new FileConfig(file.toString())), event));
            settings.url().ifPresent(url -> emit(new HttpTransport(http(url)), event));
        } catch (NoClassDefFoundError e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "flagcast.lineage needs the client of OpenLineage: add --packages %s to spark-submit, or leave flagcast.lineage out"
                            .formatted(CLIENT),
                    e);
        } catch (RuntimeException e) {
            say.accept("note: lineage: %s of run %s was not told (%s)"
                    .formatted(type, job.runId(), Secrets.hidden(String.valueOf(e.getMessage()))));
        }
    }

    private static void emit(Transport transport, RunEvent event) {
        try (transport) {
            transport.emit(event);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private HttpConfig http(URI url) {
        HttpConfig http = new HttpConfig();
        http.setUrl(url);
        http.setTimeoutInMillis(LONGEST_WAIT_MILLIS);
        settings.apiKey().ifPresent(key -> {
            ApiKeyTokenProvider token = new ApiKeyTokenProvider();
            token.setApiKey(key);
            http.setAuth(token);
        });
        return http;
    }

    private RunEvent event(
            EventType type, Job job, Collection<DataSet> inputs, Collection<DataSet> outputs, Optional<String> why) {
        OpenLineage of = new OpenLineage(PRODUCER);
        OpenLineage.RunFacetsBuilder facets = of.newRunFacetsBuilder();
        facets.put("flagcast", runFacet(of, job));
        why.ifPresent(reason -> facets.errorMessage(of.newErrorMessageRunFacet(Secrets.hidden(reason), "JAVA", null)));
        return of.newRunEventBuilder()
                .eventType(type)
                .eventTime(clock.instant().atZone(ZoneOffset.UTC))
                .run(of.newRunBuilder().runId(job.id()).facets(facets.build()).build())
                .job(of.newJobBuilder()
                        .namespace(settings.namespace())
                        .name("flagcast." + job.job())
                        .build())
                .inputs(inputs.stream().map(set -> input(of, set)).toList())
                .outputs(outputs.stream().map(set -> output(of, set)).toList())
                .build();
    }

    private static OpenLineage.RunFacet runFacet(OpenLineage of, Job job) {
        OpenLineage.RunFacet facet = of.newRunFacet();
        facet.getAdditionalProperties().putAll(Map.of("runId", job.runId(), "lake", job.lake()));
        return facet;
    }

    private static InputDataset input(OpenLineage of, DataSet set) {
        return of.newInputDatasetBuilder()
                .namespace(set.namespace())
                .name(set.name())
                .facets(facets(of, set))
                .build();
    }

    private static OutputDataset output(OpenLineage of, DataSet set) {
        OpenLineage.OutputDatasetBuilder output = of.newOutputDatasetBuilder()
                .namespace(set.namespace())
                .name(set.name())
                .facets(facets(of, set));
        set.rows()
                .ifPresent(rows -> output.outputFacets(of.newOutputDatasetOutputFacetsBuilder()
                        .outputStatistics(of.newOutputStatisticsOutputDatasetFacet(rows, null, null))
                        .build()));
        return output.build();
    }

    private static OpenLineage.DatasetFacets facets(OpenLineage of, DataSet set) {
        OpenLineage.DatasetFacetsBuilder facets = of.newDatasetFacetsBuilder();
        set.version().ifPresent(version -> facets.version(of.newDatasetVersionDatasetFacet(version)));
        return facets.build();
    }
}
