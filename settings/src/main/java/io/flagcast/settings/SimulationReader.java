package io.flagcast.settings;

import io.flagcast.simulation.SimulationSettings;

/** Reads {@code flagcast.simulation}. */
final class SimulationReader {

    private SimulationReader() {}

    static SimulationSettings read(Block simulation) {
        return simulation.checked(
                () -> new SimulationSettings(
                        simulation.string("root"),
                        simulation.integer("seed"),
                        simulation.integer("users"),
                        simulation.instant("start"),
                        simulation.integer("days"),
                        simulation.rate("daily-visitors"),
                        simulation.integer("drop-on-day"),
                        simulation.integer("repair-on-day")),
                null);
    }
}
