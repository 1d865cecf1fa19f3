package io.flagcast.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** JSON as it stands in tables and on standard output. */
public final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    /** The JSON text of maps, lists, records of such, strings and numbers. */
    public static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("not writable as JSON: " + value, e);
        }
    }

    /**
     * Reads a JSON text of a table.
     *
     * @param of the column and row that it stands in, for the message
     */
    public static JsonNode tree(String json, String of) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(of + " is no JSON", e);
        }
    }

    /** Reads a JSON text as a type. */
    public static <T> T read(String json, TypeReference<T> type, String of) {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(of + " is no JSON of its type", e);
        }
    }
}
