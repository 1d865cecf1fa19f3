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
 * @param repairOnDay day from which it is over; negative for never
 */
public record SimulationSettings(
        String root,
        long seed,
        int users,
        Instant start,
        int days,
        double dailyVisitors,
        int dropOnDay,
        int repairOnDay) {

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
        if (repairOnDay >= 0 && repairOnDay <= dropOnDay) {
            throw new IllegalArgumentException("flagcast.simulation.repair-on-day is " + repairOnDay
                    + ": it must be after drop-on-day " + dropOnDay + ", or -1 for never");
        }
    }

    /** Whether the planted drop lasts on a day. */
    public boolean isBroken(int day) {
        return dropOnDay >= 0 && day >= dropOnDay && (repairOnDay < 0 || day < repairOnDay);
    }
}
