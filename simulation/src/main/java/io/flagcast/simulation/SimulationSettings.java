package io.flagcast.simulation;

import java.time.Instant;

/**
 * The simulated world.
 *
 * @param root folder of its input tables
 * @param seed the same seed gives the same world
 * @param users how many, at least 1,000
 * @param start first day
 * @param days days of the demo, at least 1
 * @param dailyVisitors share of users who meet their experiments on a day, in (0, 1]
 * @param dropOnDay day from which the planted drop lasts; negative for never
 */
public record SimulationSettings(
        String root, long seed, int users, Instant start, int days, double dailyVisitors, int dropOnDay) {
    public SimulationSettings {
        if (root.isBlank()) {
            throw new IllegalArgumentException("flagcast.simulation.root is empty: name a folder");
        }
        if (users < 1000) {
            throw new IllegalArgumentException("flagcast.simulation.users is " + users + ": it must be at least 1000");
        }
        if (days < 1) {
            throw new IllegalArgumentException("flagcast.simulation.days is " + days + ": it must be at least 1");
        }
        if (!(dailyVisitors > 0 && dailyVisitors <= 1)) {
            throw new IllegalArgumentException(
                    "flagcast.simulation.daily-visitors is " + dailyVisitors + ": it must be in (0%, 100%]");
        }
    }
}
