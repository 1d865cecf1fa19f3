package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A text of HOCON that is within bounds.
 *
 * @param place how messages name it
 * @param outline what stands where in it
 */
record Text(String place, String text, Outline outline) {

    /** Longest part of a parser's message that is shown: it may repeat a whole value. */
    private static final int MOST_SHOWN = 500;
    /** How the parser shows values that do not fit together. */
    private static final Pattern VALUES = Pattern.compile(
            "\\bConfig(?:String|Object|List|Int|Long|Double|Boolean|Null|Reference|Concatenation|DelayedMerge)\\w*\\(|\\bSimpleConfig\\w+\\(");

    /**
     * Reads a text as far as it takes to know that it can be parsed.
     *
     * @param within the groups and lists that it stands in
     * @throws Refusal where it is no text, or there is more than the bounds allow
     */
    static Text of(String place, byte[] utf8, Outline.Within within, Bounds bounds) {
        bounds.text(place, utf8.length);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
            return new Text(place, text, Outline.of(place, text, within, bounds));
        } catch (CharacterCodingException e) {
            throw new Refusal(ExitCode.CONFIGURATION, place + ": it is not UTF-8 text: save it as UTF-8", e);
        }
    }

    /**
     * Parses it.
     *
     * @param options with what reads the files that it includes
     * @throws ConfigException where it is no HOCON, with the line; it repeats what it met
     */
    Config parsed(ConfigParseOptions options) {
        return ConfigFactory.parseString(
                text, options.setSyntax(ConfigSyntax.CONF).setOriginDescription(place));
    }

    /**
     * Parses it, too.
     *
     * @throws Refusal where it is no HOCON, with the line and without a secret
     */
    Config parsedOrRefused(ConfigParseOptions options) {
        try {
            return parsed(options);
        } catch (ConfigException e) {
            int line = e.origin() == null ? 0 : e.origin().lineNumber();
            if (lines(line - 1, line + 1).anyMatch(Secrets::isMentioned)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: %d: this is no HOCON, and not shown since it may hold a secret: is a quote, brace or comma missing?"
                                .formatted(place, line),
                        e);
            }
            throw refusal(e);
        }
    }

    private Stream<String> lines(int first, int last) {
        return text.lines().skip(Math.max(0, first - 1)).limit(last - Math.max(1, first) + 1L);
    }

    /** What the parser says, where that repeats no value. */
    static Refusal refusal(ConfigException e) {
        String message = e.getMessage();
        if (message.contains("expecting include parameter")) {
            message = "%s: include takes the quoted name of a file: write include \"name.conf\""
                    .formatted(e.origin().description());
        } else if (VALUES.matcher(message).find()) {
            message = "%s: a group or list and a single value stand together: write one of them"
                    .formatted(e.origin().description());
        } else if (message.length() > MOST_SHOWN) {
            message = message.substring(0, MOST_SHOWN) + "…";
        }
        return new Refusal(ExitCode.CONFIGURATION, message, e);
    }

    /** Where a value is said; of one that is made of many, where its first part is. */
    static String place(ConfigValue value) {
        return value.origin().description().replaceFirst("^merge of ([^,]*),.*", "$1");
    }
}
