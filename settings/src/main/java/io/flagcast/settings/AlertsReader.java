package io.flagcast.settings;

import io.flagcast.delivery.DeliverySettings;
import io.flagcast.delivery.LineageSettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads who is told of what: {@code flagcast.alerts} and {@code flagcast.lineage}. */
final class AlertsReader {

    private AlertsReader() {}

    static LineageSettings lineage(Block lineage) {
        return new LineageSettings(
                said(lineage, "file").map(Path::of),
                said(lineage, "url").flatMap(url -> address(lineage, url)),
                said(lineage, "api-key"),
                lineage.text("namespace"));
    }

    private static Optional<String> said(Block block, String key) {
        return Optional.of(block.string(key)).filter(text -> !text.isEmpty());
    }

    private static Optional<URI> address(Block lineage, String url) {
        try {
            URI uri = new URI(url);
            if (uri.getHost() != null && List.of("http", "https").contains(uri.getScheme())) {
                return Optional.of(uri);
            }
        } catch (URISyntaxException e) {
            // Said below, as any other text that is no address.
        }
        lineage.problem("url", "it must be an address as http://marquez:5000");
        return Optional.empty();
    }

    static DeliverySettings read(Block alerts) {
        return alerts.checked(
                () -> new DeliverySettings(
                        ReceiversReader.read(alerts.inner("receivers")),
                        alerts.seconds("timeout"),
                        alerts.integer("retries"),
                        alerts.seconds("backoff"),
                        alerts.seconds("budget")),
                null);
    }
}
