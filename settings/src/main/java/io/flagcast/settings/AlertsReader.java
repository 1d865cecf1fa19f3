package io.flagcast.settings;

import io.flagcast.delivery.DeliverySettings;

/** Reads {@code flagcast.alerts}. */
final class AlertsReader {

    private AlertsReader() {}

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
