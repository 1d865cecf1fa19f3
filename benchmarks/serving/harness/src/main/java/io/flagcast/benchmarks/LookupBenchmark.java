package io.flagcast.benchmarks;

import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One lookup of a random user in a random experiment. Ids and contexts are made beforehand, a million of them, and used in the order
 * in which they were made: a service has just received them, but has not met this user lately.
 */
public class LookupBenchmark {

    static final String LOOKUP = "flagcast.lookup";
    static final String USERS = "flagcast.users";
    static final String EXPERIMENTS = "flagcast.experiments";

    private static final int REQUESTS = 1 << 20;
    private static final int CHECKED = 10_000;

    /** The client and the requests, of all threads. */
    @State(Scope.Benchmark)
    public static class Requests {

        private Lookup<Object> lookup;
        private final String[] userIds = new String[REQUESTS];
        private final Object[] contexts = new Object[REQUESTS];
        private final String[] experimentIds = new String[REQUESTS];

        @Setup
        public void make() {
            lookup = lookup(System.getProperty(LOOKUP));
            int experiments = Integer.getInteger(EXPERIMENTS);
            String[] ids = new String[experiments];
            for (int i = 0; i < experiments; i++) {
                ids[i] = Users.experiment(i);
            }
            long users = Long.getLong(USERS);
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < REQUESTS; i++) {
                userIds[i] = Users.id(random.nextLong(users));
                contexts[i] = lookup.context(userIds[i]);
                experimentIds[i] = ids[random.nextInt(experiments)];
            }
            requireRealAnswers();
        }

        private void requireRealAnswers() {
            int on = 0;
            int booleans = 0;
            for (int i = 0; i < CHECKED; i++) {
                if (lookup.answer(contexts[i], experimentIds[i]) instanceof Boolean answer) {
                    booleans++;
                    on += answer ? 1 : 0;
                }
            }
            if (booleans > 0) {
                System.out.printf("%.3f of %,d answers are on%n", (double) on / booleans, booleans);
                if (on < 0.3 * booleans || on > 0.7 * booleans) {
                    throw new IllegalStateException("about half of the answers ought to be on");
                }
            }
        }

        @SuppressWarnings("unchecked")
        private static Lookup<Object> lookup(String name) {
            try {
                return (Lookup<Object>) Class.forName(name)
                        .asSubclass(Lookup.class)
                        .getConstructor()
                        .newInstance();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(name + " cannot be made", e);
            }
        }
    }

    /** Where a thread is in the requests. */
    @State(Scope.Thread)
    public static class Position {

        private int next = new SplittableRandom().nextInt(REQUESTS);

        int next() {
            next = (next + 1) & (REQUESTS - 1);
            return next;
        }
    }

    @Benchmark
    public Object answer(Requests requests, Position position) {
        int i = position.next();
        return requests.lookup.answer(requests.contexts[i], requests.experimentIds[i]);
    }

    @Benchmark
    public Object contextAndAnswer(Requests requests, Position position) {
        int i = position.next();
        return requests.lookup.answer(requests.lookup.context(requests.userIds[i]), requests.experimentIds[i]);
    }
}
