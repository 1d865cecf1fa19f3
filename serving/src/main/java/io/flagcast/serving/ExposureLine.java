package io.flagcast.serving;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;

/** An exposure as a line of JSON with the columns of table {@code exposures}. */
final class ExposureLine {

    private static final JsonFactory JSON = new JsonFactory();

    private ExposureLine() {}

    /**
     * The line, in UTF-8, with its end.
     *
     * @param at when the user was exposed
     * @param id what tells it apart from every other exposure
     */
    static byte[] of(Allocation allocation, Instant at, UUID id) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("experiment_id", allocation.experimentId());
            json.writeStringField("user_id", allocation.userId());
            json.writeBooleanField("enabled", allocation.enabled());
            json.writeStringField("exposed_at", at.toString());
            json.writeNumberField("propensity", allocation.propensity());
            json.writeStringField("exposure_id", id.toString());
            if (allocation.score().isPresent()) {
                json.writeNumberField("score", allocation.score().getAsDouble());
            }
            if (allocation.segment().isPresent()) {
                json.writeStringField("segment", allocation.segment().get());
            }
            json.writeStringField("reason", allocation.reason());
            json.writeNumberField("parameters_version", allocation.parametersVersion());
            json.writeStringField("run_id", allocation.runId());
            json.writeEndObject();
        }
        return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }
}
