package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.parser.ConfigDocument;
import com.typesafe.config.parser.ConfigDocumentFactory;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** HOCON lets the later of two equal keys win without a word; in a configuration file that is a slip. */
final class RepeatedKeys {

    private static final String PROBE = "\u00a7";

    private RepeatedKeys() {}

    /**
     * Checks a file.
     *
     * @param declared what the file was parsed to
     * @throws Refusal with exit code 78 naming file, line and key of every value that stands more than once
     */
    static void refuse(Path file, Config declared) {
        ConfigDocument document = ConfigDocumentFactory.parseFile(file.toFile());
        List<String> problems = new ArrayList<>();
        collect(List.of(), declared.root(), document, problems);
        if (!problems.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
    }

    private static void collect(
            List<String> parents, ConfigObject object, ConfigDocument document, List<String> problems) {
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            List<String> names = new ArrayList<>(parents);
            names.add(entry.getKey());
            String key = ConfigUtil.joinPath(names);
            if (entry.getValue() instanceof ConfigObject inner && !inner.isEmpty()) {
                collect(names, inner, document, problems);
            } else if (document.hasPath(key) && stands(key, document) > 1) {
                problems.add("%s: key '%s' stands more than once: keep one"
                        .formatted(entry.getValue().origin().description(), key));
            }
        }
    }

    /**
     * How often a key stands in a document. Setting a value there removes all but the last place: where the key stands
     * once, the text between what stays the same before and after it is one value, and otherwise it is not.
     */
    private static int stands(String key, ConfigDocument document) {
        String text = document.render();
        String probed = document.withValueText(key, PROBE).render();
        int shorter = Math.min(text.length(), probed.length());
        int before = 0;
        while (before < shorter && text.charAt(before) == probed.charAt(before)) {
            before++;
        }
        int after = 0;
        while (after < shorter - before
                && text.charAt(text.length() - 1 - after) == probed.charAt(probed.length() - 1 - after)) {
            after++;
        }
        try {
            Config changed = ConfigFactory.parseString("value = " + text.substring(before, text.length() - after));
            return changed.root().size();
        } catch (ConfigException e) {
            return 2;
        }
    }
}
