package io.flagcast.delivery;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * Who is told of alerts, and how much a job does for it.
 *
 * @param receivers by name
 * @param timeout of one request
 * @param retries requests after one that failed, 0 to 10
 * @param backoff wait before the first retry; twice as long before each further one
 * @param budget time for all receivers together, after which a run leaves the rest to the next one
 */
public record DeliverySettings(
        List<Receiver> receivers, Duration timeout, int retries, Duration backoff, Duration budget) {

    public DeliverySettings {
        receivers = List.copyOf(receivers);
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(backoff, "backoff");
        Objects.requireNonNull(budget, "budget");
        if (retries < 0 || retries > 10) {
            throw new IllegalArgumentException("flagcast.alerts.retries is " + retries + ": it must be 0 to 10");
        }
    }
}
