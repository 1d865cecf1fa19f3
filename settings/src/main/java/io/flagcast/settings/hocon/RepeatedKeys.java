package io.flagcast.settings.hocon;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import com.typesafe.config.ConfigUtil;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.hocon.Outline.Entry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** HOCON lets the later of two equal keys win without a word; in a configuration file that is a slip. */
final class RepeatedKeys {

    private RepeatedKeys() {}

    /**
     * Checks a file.
     *
     * @throws Refusal with exit code 78 naming file, line and key of every value that stands more than once
     */
    static void refuse(String place, Outline outline) {
        Map<List<String>, List<Entry>> values = outline.entries().stream()
                .filter(entry -> !entry.isGroup())
                .collect(groupingBy(Entry::path, LinkedHashMap::new, toList()));
        List<String> problems = values.values().stream()
                .filter(entries -> entries.size() > 1)
                .map(entries -> entries.get(entries.size() - 1))
                .map(last -> "%s: %d: key '%s' stands more than once: keep one"
                        .formatted(place, last.line(), ConfigUtil.joinPath(last.path())))
                .toList();
        if (!problems.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
    }
}
