package io.flagcast.delivery;

import io.flagcast.delivery.Lineage.DataSet;
import io.flagcast.delivery.Lineage.Job;
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
import io.openlineage.client.utils.DatasetIdentifier;
import io.openlineage.client.utils.filesystem.FilesystemDatasetUtils;
import io.openlineage.client.utils.jdbc.JdbcDatasetUtils;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An event of OpenLineage (https://openlineage.io/docs/spec/object-model), by its client. Data sets are called what the client calls them
 * (https://openlineage.io/docs/spec/naming).
 *
 * @param type as {@code START}
 * @param at when
 * @param why where the run did not end well
 */
record LineageEvent(
        String type,
        Instant at,
        Job job,
        Collection<DataSet> inputs,
        Collection<DataSet> outputs,
        Optional<String> why) {

    private static final URI PRODUCER = URI.create("https://flagcast.io/jobs");
    private static final Pattern ADDRESS = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(?://([^/]*))?(/.*)?");
    private static final int LONGEST_WAIT_MILLIS = 5_000;

    /** Hands it to whom the settings name. */
    void emit(LineageSettings settings) {
        RunEvent event = event(settings.namespace());
        settings.file().ifPresent(file -> emit(new FileTransport(new FileConfig(file.toString())), event));
        settings.url().ifPresent(url -> emit(new HttpTransport(http(url, settings.apiKey())), event));
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

    private static HttpConfig http(URI url, Optional<String> apiKey) {
        HttpConfig http = new HttpConfig();
        http.setUrl(url);
        http.setTimeoutInMillis(LONGEST_WAIT_MILLIS);
        apiKey.ifPresent(key -> {
            ApiKeyTokenProvider token = new ApiKeyTokenProvider();
            token.setApiKey(key);
            http.setAuth(token);
        });
        return http;
    }

    /** The same for the same run of the same lake, whichever process does it. */
    private UUID id() {
        return UUID.nameUUIDFromBytes(
                (job.job() + " " + job.runId() + " " + job.lake()).getBytes(StandardCharsets.UTF_8));
    }

    private RunEvent event(String namespace) {
        OpenLineage of = new OpenLineage(PRODUCER);
        OpenLineage.RunFacetsBuilder facets = of.newRunFacetsBuilder();
        OpenLineage.RunFacet own = of.newRunFacet();
        own.getAdditionalProperties().putAll(Map.of("runId", job.runId(), "lake", job.lake()));
        facets.put("flagcast", own);
        why.ifPresent(reason -> facets.errorMessage(of.newErrorMessageRunFacet(Secrets.hidden(reason), "JAVA", null)));
        return of.newRunEventBuilder()
                .eventType(EventType.valueOf(type))
                .eventTime(at.atZone(ZoneOffset.UTC))
                .run(of.newRunBuilder().runId(id()).facets(facets.build()).build())
                .job(of.newJobBuilder()
                        .namespace(namespace)
                        .name("flagcast." + job.job())
                        .build())
                .inputs(inputs.stream().map(set -> input(of, set)).toList())
                .outputs(outputs.stream().map(set -> output(of, set)).toList())
                .build();
    }

    private static InputDataset input(OpenLineage of, DataSet set) {
        DatasetIdentifier name = name(set);
        return of.newInputDatasetBuilder()
                .namespace(name.getNamespace())
                .name(name.getName())
                .facets(facets(of, set))
                .build();
    }

    private static OutputDataset output(OpenLineage of, DataSet set) {
        DatasetIdentifier name = name(set);
        OpenLineage.OutputDatasetBuilder output = of.newOutputDatasetBuilder()
                .namespace(name.getNamespace())
                .name(name.getName())
                .facets(facets(of, set));
        set.rows()
                .ifPresent(rows -> output.outputFacets(of.newOutputDatasetOutputFacetsBuilder()
                        .outputStatistics(of.newOutputStatisticsOutputDatasetFacet(rows, null, null))
                        .build()));
        return output.build();
    }

    private static DatasetIdentifier name(DataSet set) {
        if (set.table().isPresent()) {
            return JdbcDatasetUtils.getDatasetIdentifier(
                    set.address(), set.table().get(), new Properties());
        }
        Matcher address = ADDRESS.matcher(set.address());
        if (!address.matches()) {
            return FilesystemDatasetUtils.fromLocation(
                    Path.of(set.address()).toAbsolutePath().normalize().toUri());
        }
        try {
            // By its parts: patterns of files have signs that a URI has not.
            return FilesystemDatasetUtils.fromLocation(
                    new URI(address.group(1), address.group(2), address.group(3), null, null));
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(set.address() + " is no address", e);
        }
    }

    private static OpenLineage.DatasetFacets facets(OpenLineage of, DataSet set) {
        OpenLineage.DatasetFacetsBuilder facets = of.newDatasetFacetsBuilder();
        set.version().ifPresent(version -> facets.version(of.newDatasetVersionDatasetFacet(version)));
        return facets.build();
    }
}
