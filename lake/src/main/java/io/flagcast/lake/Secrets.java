package io.flagcast.lake;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What secrets look like in configuration: options by their names, and parts of addresses. Hidden, each is {@value #HIDDEN}. */
public final class Secrets {

    /** What stands for a secret. */
    public static final String HIDDEN = "…";

    private static final String NAME = "(?:passw(?:or)?d|passphrase|pwd|secret|credential|token|jaas[._-]?config"
            + "|(?:access|account|api|encryption|private|pseudonym|shared|signing|storage|store)[._-]?key)";
    private static final Pattern NAMED = Pattern.compile("(?i)" + NAME);
    /** How names end that say where a secret is, or of what kind. */
    private static final Pattern NOT_ITSELF = Pattern.compile(
            "(?i)(?:alias|algorithm|class|duration|enabled|endpoint|file|location|name|path|provider|type|ur[il])s?");

    private static final Pattern IS_NOT_ITSELF =
            Pattern.compile("(?i).*" + NOT_ITSELF.pattern().substring(4), Pattern.DOTALL);

    // What repeats is bounded: a long text takes linear time.
    private static final Pattern S3_LOGIN = Pattern.compile("(?i)(?<=s3[an]?://)[^\\s/@:]{0,300}(?::\\S{0,300})?(?=@)");
    /** User and password; what follows the colon may be a port instead. */
    private static final Pattern LOGIN = Pattern.compile("(?<=//)[^\\s/@:]{0,300}:(?!\\d+(?:[/,?;]|$))\\S{1,300}(?=@)"
            + "|(?<=jdbc:oracle:(?:thin|oci):)[^\\s/@]{1,300}/\\S{1,300}(?=@)");

    /** The value of a name. */
    private static final Pattern PAIR = Pattern.compile(
            "(?i)(" + NAME + "[\\w.-]{0,40})\\s{0,3}=\\s{0,3}(\"[^\"]*+\"|'[^']*+'|[^\\s&;,)\\]}'\"]++)");

    private static final Pattern ADDRESS = Pattern.compile("(?i)\\s*(?:jdbc:|[a-z][a-z0-9+.-]{0,30}://)");

    private Secrets() {}

    /** Whether the value of an option of that name is a secret. */
    public static boolean isName(String name) {
        return NAMED.matcher(name).find() && !IS_NOT_ITSELF.matcher(name).matches();
    }

    /** Whether a line may hold a secret, or the name of one. */
    public static boolean isMentioned(String line) {
        return NAMED.matcher(line).find()
                || LOGIN.matcher(line).find()
                || S3_LOGIN.matcher(line).find();
    }

    /** Whether a text is an address of S3 with keys in it. */
    public static boolean isS3Login(String text) {
        return S3_LOGIN.matcher(text).find();
    }

    /** The secrets in an address, as {@code jdbc:…://user:secret@host/…?password=secret}; none where the text is no address. */
    public static List<String> of(String text) {
        if (!ADDRESS.matcher(text).lookingAt()) {
            return List.of();
        }
        return Stream.concat(
                        Stream.of(S3_LOGIN, LOGIN)
                                .flatMap(pattern -> pattern.matcher(text).results())
                                .map(MatchResult::group),
                        PAIR.matcher(text)
                                .results()
                                .filter(pair -> isName(pair.group(1)))
                                .map(pair -> pair.group(2)))
                .toList();
    }

    /** A text, as a message or an address, without the secrets of the addresses in it. */
    public static String hidden(String text) {
        String without =
                LOGIN.matcher(S3_LOGIN.matcher(text).replaceAll(HIDDEN)).replaceAll(HIDDEN);
        return PAIR.matcher(without)
                .replaceAll(pair ->
                        Matcher.quoteReplacement(isName(pair.group(1)) ? pair.group(1) + "=" + HIDDEN : pair.group()));
    }

    /** Options of a reader without their secrets, in the order of their names. */
    public static Map<String, String> hidden(Map<String, String> options) {
        return options.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        option -> isName(option.getKey()) ? HIDDEN : hidden(option.getValue()),
                        (one, other) -> one,
                        TreeMap::new));
    }
}
