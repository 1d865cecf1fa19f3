package io.flagcast.serving;

import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.EventProvider;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.FlagValueType;
import dev.openfeature.sdk.Hook;
import dev.openfeature.sdk.HookContext;
import dev.openfeature.sdk.ImmutableMetadata;
import dev.openfeature.sdk.ImmutableStructure;
import dev.openfeature.sdk.Metadata;
import dev.openfeature.sdk.ProviderEvaluation;
import dev.openfeature.sdk.ProviderEventDetails;
import dev.openfeature.sdk.Reason;
import dev.openfeature.sdk.Value;
import io.flagcast.serving.FlagcastClient.Status;
import io.flagcast.tables.Ids;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Flagcast for OpenFeature. The targeting key is the user.
 *
 * <ul>
 *   <li>boolean {@code experiment_id}: whether the user is enabled
 *   <li>string or number {@code experiment_id.parameter}: that parameter of the treatment; the default where the user is not
 *       enabled
 *   <li>object {@code experiment_id}: all parameters; the default where the user is not enabled
 * </ul>
 *
 * The metadata of an evaluation have Flagcast's own reason, segment, score, propensity and versions. A boolean evaluation counts as
 * an exposure where the provider has a log.
 */
public final class FlagcastProvider extends EventProvider {

    private static final String NAME = "flagcast";

    private final FlagcastClient client;
    private final Optional<ExposureLog> exposures;
    private final Duration staleAfter;
    private final Clock clock;

    private Runnable unsubscribe = () -> {};
    private Optional<ScheduledExecutorService> looks = Optional.empty();
    private long publication;
    private boolean isStale;

    /**
     * A provider.
     *
     * @param client stays the caller's to close
     * @param exposures takes an exposure for every boolean evaluation; absent where the service logs exposures itself
     * @param staleAfter how long the lake may be out of reach before the provider says that it is stale
     */
    public FlagcastProvider(FlagcastClient client, Optional<ExposureLog> exposures, Duration staleAfter) {
        this(client, exposures, staleAfter, Clock.systemUTC());
    }

    FlagcastProvider(FlagcastClient client, Optional<ExposureLog> exposures, Duration staleAfter, Clock clock) {
        this.client = client;
        this.exposures = Objects.requireNonNull(exposures, "exposures");
        this.staleAfter = Objects.requireNonNull(staleAfter, "staleAfter");
        this.clock = clock;
        this.publication = client.status().publication();
    }

    /** Begins to tell what changes; a provider whose data are stale already says so at once. */
    @Override
    public void initialize(EvaluationContext context) {
        synchronized (this) {
            unsubscribe = client.onRefresh(this::tell);
            // By time alone, too: a look that hangs tells nothing.
            long nanos = Math.max(TimeUnit.MILLISECONDS.toNanos(10), staleAfter.toNanos() / 10);
            ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(work -> {
                Thread thread = new Thread(work, "flagcast provider");
                thread.setDaemon(true);
                return thread;
            });
            looks = Optional.of(timer);
            var unused = timer.scheduleWithFixedDelay(() -> tell(client.status()), nanos, nanos, TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void shutdown() {
        synchronized (this) {
            unsubscribe.run();
            looks.ifPresent(ScheduledExecutorService::shutdownNow);
        }
        super.shutdown();
    }

    private synchronized void tell(Status status) {
        boolean wasStale = isStale;
        isStale = status.age(clock.instant()).compareTo(staleAfter) > 0;
        if (isStale && !wasStale) {
            emitProviderStale(details(status.problem().orElse("the lake was not reached")));
        }
        if (wasStale && !isStale) {
            emitProviderReady(details("publication " + status.publication()));
        }
        if (status.publication() != publication) {
            publication = status.publication();
            emitProviderConfigurationChanged(ProviderEventDetails.builder()
                    .flagsChanged(client.experimentIds())
                    .message("publication " + publication)
                    .build());
        }
    }

    private static ProviderEventDetails details(String message) {
        return ProviderEventDetails.builder().message(message).build();
    }

    @Override
    public Metadata getMetadata() {
        return () -> NAME;
    }

    @Override
    @SuppressWarnings("rawtypes") // The type of the SDK.
    public List<Hook> getProviderHooks() {
        return exposures.<List<Hook>>map(log -> List.of(new Exposures(log))).orElse(List.of());
    }

    /** Logs what a boolean evaluation has given. */
    private static final class Exposures implements Hook<Boolean> {

        private final ExposureLog log;

        Exposures(ExposureLog log) {
            this.log = log;
        }

        @Override
        public boolean supportsFlagValueType(FlagValueType type) {
            return type == FlagValueType.BOOLEAN;
        }

        @Override
        public void after(
                HookContext<Boolean> context, FlagEvaluationDetails<Boolean> details, Map<String, Object> hints) {
            if (details.getErrorCode() == null) {
                log.shown(given(context, details));
            }
        }
    }

    /** What an evaluation has given, from its metadata: the client may have switched to another publication since. */
    private static Allocation given(HookContext<Boolean> context, FlagEvaluationDetails<Boolean> details) {
        ImmutableMetadata metadata = details.getFlagMetadata();
        Double score = metadata.getDouble("score");
        return new Allocation(
                context.getCtx().getTargetingKey(),
                context.getFlagKey(),
                details.getValue(),
                metadata.getString("reason"),
                Map.of(),
                score == null ? OptionalDouble.empty() : OptionalDouble.of(score),
                Optional.ofNullable(metadata.getString("segment")),
                OptionalInt.empty(),
                0,
                0,
                0,
                metadata.getDouble("propensity"),
                Optional.ofNullable(metadata.getString("model_id")),
                metadata.getLong("parameters_version"),
                metadata.getString("run_id"),
                metadata.getLong("publication"));
    }

    @Override
    public ProviderEvaluation<Boolean> getBooleanEvaluation(String key, Boolean fallback, EvaluationContext context) {
        return evaluation(key, fallback, context, allocation -> Optional.of(allocation.enabled()));
    }

    @Override
    public ProviderEvaluation<String> getStringEvaluation(String key, String fallback, EvaluationContext context) {
        return parameter(key, fallback, context, text -> text);
    }

    @Override
    public ProviderEvaluation<Integer> getIntegerEvaluation(String key, Integer fallback, EvaluationContext context) {
        return parameter(key, fallback, context, Integer::valueOf);
    }

    @Override
    public ProviderEvaluation<Double> getDoubleEvaluation(String key, Double fallback, EvaluationContext context) {
        return parameter(key, fallback, context, Double::valueOf);
    }

    @Override
    public ProviderEvaluation<Value> getObjectEvaluation(String key, Value fallback, EvaluationContext context) {
        return evaluation(key, fallback, context, allocation -> {
            if (!allocation.enabled()) {
                return Optional.empty();
            }
            Map<String, Value> parameters = new HashMap<>();
            allocation.treatment().forEach((name, value) -> parameters.put(name, new Value(value)));
            return Optional.of(new Value(new ImmutableStructure(parameters)));
        });
    }

    private <T> ProviderEvaluation<T> parameter(
            String key, T fallback, EvaluationContext context, Function<String, T> parse) {
        int dot = key.lastIndexOf('.');
        if (dot < 0) {
            return failed(
                    fallback,
                    ErrorCode.FLAG_NOT_FOUND,
                    "'%s' names no parameter: write experiment_id.parameter".formatted(key));
        }
        String name = key.substring(dot + 1);
        Function<Allocation, Optional<T>> value = allocation -> {
            Optional<String> text = Optional.ofNullable(allocation.treatment().get(name));
            if (allocation.enabled() && text.isEmpty()) {
                throw new Unfit(
                        ErrorCode.FLAG_NOT_FOUND,
                        "experiment '%s' has no treatment parameter '%s', but %s"
                                .formatted(
                                        allocation.experimentId(),
                                        name,
                                        allocation.treatment().keySet()));
            }
            try {
                return text.map(parse);
            } catch (NumberFormatException e) {
                throw new Unfit(
                        ErrorCode.TYPE_MISMATCH, "'%s' of '%s' is '%s', no number".formatted(name, key, text.get()));
            }
        };
        return evaluation(key.substring(0, dot), fallback, context, value);
    }

    /** A value that is not what the caller asks for. */
    private static final class Unfit extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final ErrorCode code;

        Unfit(ErrorCode code, String message) {
            super(message);
            this.code = code;
        }
    }

    private <T> ProviderEvaluation<T> evaluation(
            String experimentId, T fallback, EvaluationContext context, Function<Allocation, Optional<T>> value) {
        String user = context == null ? null : context.getTargetingKey();
        if (Ids.isBlank(user)) {
            return failed(
                    fallback, ErrorCode.TARGETING_KEY_MISSING, "give the user_id as targeting key of the context");
        }
        Allocation allocation = client.allocation(user, experimentId);
        switch (allocation.reason()) {
            case Allocation.UNKNOWN_EXPERIMENT -> {
                return failed(
                        fallback,
                        ErrorCode.FLAG_NOT_FOUND,
                        "publication %d has no experiment '%s'".formatted(allocation.publication(), experimentId));
            }
            case Allocation.FAILURE -> {
                return failed(fallback, ErrorCode.GENERAL, "the lookup failed, see the log");
            }
            default -> {
                try {
                    return ProviderEvaluation.<T>builder()
                            .value(value.apply(allocation).orElse(fallback))
                            .variant(allocation.enabled() ? "enabled" : "control")
                            .reason(reason(allocation).name())
                            .flagMetadata(metadata(allocation))
                            .build();
                } catch (Unfit e) {
                    return failed(fallback, e.code, e.getMessage());
                }
            }
        }
    }

    private static <T> ProviderEvaluation<T> failed(T fallback, ErrorCode code, String message) {
        return ProviderEvaluation.<T>builder()
                .value(fallback)
                .reason(Reason.ERROR.name())
                .errorCode(code)
                .errorMessage(message)
                .build();
    }

    private static Reason reason(Allocation allocation) {
        return switch (allocation.reason()) {
            case "inactive" -> Reason.DISABLED;
            case "policy", "no_benefit", "ineligible" -> Reason.TARGETING_MATCH;
            default -> Reason.SPLIT;
        };
    }

    private static ImmutableMetadata metadata(Allocation allocation) {
        ImmutableMetadata.ImmutableMetadataBuilder metadata = ImmutableMetadata.builder()
                .addString("reason", allocation.reason())
                .addDouble("propensity", allocation.propensity())
                .addLong("parameters_version", allocation.parametersVersion())
                .addString("run_id", allocation.runId())
                .addLong("publication", allocation.publication());
        allocation.score().ifPresent(score -> metadata.addDouble("score", score));
        allocation.segment().ifPresent(segment -> metadata.addString("segment", segment));
        allocation.modelId().ifPresent(model -> metadata.addString("model_id", model));
        return metadata.build();
    }
}
