package io.flagcast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * A population whose responses are known: attributes that models see, and latent tastes that they do not. A pure
 * function of its seed.
 *
 * @param seed the same seed gives the same world
 * @param users in the order of their ids
 */
public record World(long seed, List<User> users) {

    /** Product areas whose usage follows the tastes; the first half appeals to one taste, the rest to the other. */
    static final List<String> AREAS = List.of(
            "search",
            "wishlist",
            "reviews",
            "coupons",
            "compare",
            "playlists",
            "radio",
            "podcasts",
            "sharing",
            "lyrics");

    /** Features with experiments, and the feature that is known from usage only. */
    public static final List<String> FEATURES = List.of("checkout_v2", "dark_mode", "express_pay", "playlists");

    /** Those of which an experiment can be made: what they do to users is known. */
    static final List<String> TESTED = FEATURES.subList(0, 3);

    private static final double BREAKAGE = 0.02;

    /**
     * A user.
     *
     * @param id as u000042
     * @param age years
     * @param country DE, FR or US
     * @param plan free, plus or pro
     * @param gender a protected attribute, without any influence
     * @param tenureDays days since sign-up
     * @param shopping latent taste, standard normal
     * @param music latent taste, standard normal
     */
    public record User(
            String id,
            int age,
            String country,
            String plan,
            String gender,
            int tenureDays,
            double shopping,
            double music) {}

    public World {
        users = List.copyOf(users);
    }

    /** Draws a population. */
    public static World of(long seed, int size) {
        List<User> users = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            SplittableRandom random = new SplittableRandom(seed * 1_000_003 + i);
            double shopping = gaussian(random);
            users.add(new User(
                    "u%06d".formatted(i),
                    18 + random.nextInt(58),
                    pick(random, "DE", "FR", "US"),
                    random.nextDouble() < 0.5 + 0.1 * Math.max(-2, Math.min(2, shopping))
                            ? pick(random, "plus", "pro")
                            : "free",
                    pick(random, "f", "m"),
                    (int) Math.round(Math.exp(5 + gaussian(random))),
                    shopping,
                    gaussian(random)));
        }
        return new World(seed, users);
    }

    private static String pick(RandomGenerator random, String... values) {
        return values[random.nextInt(values.length)];
    }

    /** Standard normal by Box and Muller, 1958. */
    private static double gaussian(RandomGenerator random) {
        return Math.sqrt(-2 * Math.log(1 - random.nextDouble())) * Math.cos(2 * Math.PI * random.nextDouble());
    }

    /** Independent draws of a user on a day for a purpose. */
    SplittableRandom draws(User user, int day, String purpose) {
        long mixed = seed;
        for (char letter : (user.id() + "/" + day + "/" + purpose).toCharArray()) {
            mixed = (mixed ^ letter) * 0x100000001B3L;
        }
        return new SplittableRandom(mixed).split();
    }

    /** How often a user uses an area on a day, on average. */
    static double usageRate(User user, String area) {
        double taste = AREAS.indexOf(area) < AREAS.size() / 2 ? user.shopping() : user.music();
        return 0.04 * Math.exp(0.9 * taste);
    }

    /**
     * The true response probability without the feature.
     *
     * @param featureId one of {@link #TESTED}
     */
    public static double responseIfNot(User user, String featureId) {
        return switch (featureId) {
            case "checkout_v2" -> logistic(-2.6 + 0.25 * user.shopping());
            case "dark_mode" -> logistic(-2.2 + 0.3 * user.music());
            case "express_pay" -> logistic(-2.4 + 0.2 * user.shopping());
            default -> throw new IllegalArgumentException("no experiment with feature " + featureId);
        };
    }

    /** The true response probability with the feature, while nothing is broken. */
    static double responseIfEnabled(User user, String featureId) {
        double ifNot = responseIfNot(user, featureId);
        return switch (featureId) {
            // Strong heterogeneity: paying customers who like to shop gain, the others lose a little.
            case "checkout_v2" ->
                clamp(ifNot
                        - 0.012
                        + 0.085 * logistic(1.6 * user.shopping() + (user.plan().equals("free") ? -2.2 : 1.0)));
            // None at all.
            case "dark_mode" -> ifNot;
            // Harms older users, helps younger ones.
            case "express_pay" -> clamp(ifNot + 0.06 - 0.10 * logistic((user.age() - 42) / 6.0));
            default -> throw new IllegalArgumentException("no experiment with feature " + featureId);
        };
    }

    /** The same on a day of the planted drop: checkout_v2 hardly works for those whom it helped. */
    static double responseIfEnabledBroken(User user, String featureId) {
        double sound = responseIfEnabled(user, featureId);
        boolean broken = featureId.equals("checkout_v2") && sound > responseIfNot(user, featureId);
        return broken ? BREAKAGE * sound : sound;
    }

    private static double logistic(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double clamp(double probability) {
        return Math.max(0.001, Math.min(0.999, probability));
    }
}
