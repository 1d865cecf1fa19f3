package io.flagcast.delivery;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * Who is told of runs and their data sets, as OpenLineage events.
 *
 * @param file to which events are appended, one a line; absent for none
 * @param url of a server that takes events, as Marquez does below {@code /api/v1/lineage}; absent for none
 * @param apiKey that the server asks for; absent where it asks for none
 * @param namespace of the jobs
 */
public record LineageSettings(Optional<Path> file, Optional<URI> url, Optional<String> apiKey, String namespace) {

    public LineageSettings {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(url, "url");
        Objects.requireNonNull(apiKey, "apiKey");
        Objects.requireNonNull(namespace, "namespace");
    }

    public boolean isOn() {
        return file.isPresent() || url.isPresent();
    }
}
