package io.flagcast.settings;

import java.util.List;
import java.util.Objects;

/**
 * What a setting must do.
 *
 * @param key below {@code flagcast}
 * @param sets {@code key=value} pairs, below {@code flagcast}, that give it another value; none where it has but one
 * @param component the component of {@link Settings} that it changes, with what is in it, and no other
 * @param wrong a value, as HOCON, that must be refused
 * @param refusal what the message says beside the key
 */
record SettingCase(String key, List<String> sets, String component, String wrong, String refusal) {

    SettingCase {
        Objects.requireNonNull(key, "key");
        sets = List.copyOf(sets);
        Objects.requireNonNull(component, "component");
        Objects.requireNonNull(wrong, "wrong");
        Objects.requireNonNull(refusal, "refusal");
    }

    /** A setting that has another value by itself. */
    static SettingCase setting(String key, String another, String component, String wrong, String refusal) {
        return new SettingCase(key, List.of(key + " = " + another), component, wrong, refusal);
    }

    /** A setting that can have but one value, and stands there for who reads it. */
    static SettingCase fixed(String key, String wrong, String refusal) {
        return new SettingCase(key, List.of(), "", wrong, refusal);
    }

    /** The type of a receiver, which needs other keys beside it then. */
    static SettingCase typeOf(String receiver, String another) {
        String group = "alerts.receivers." + receiver;
        return new SettingCase(
                group + ".type",
                List.of(group + " = null", group + " = { " + another + " }"),
                group,
                "slak",
                "is 'slak': it must be one of alertmanager, log, slack, textfile, webhook; did you mean 'slack'?");
    }

    @Override
    public String toString() {
        return key;
    }
}
