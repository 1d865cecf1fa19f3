package io.flagcast.benchmarks;

import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One lookup of a random user in a random experiment. Time is measured with ids that were made just before, one after the other, as a
 * service has read them from a request: they are in the processor's cache, and what a client knows of the user is not. Memory is
 * measured with requests that were made once.
 */
public class LookupBenchmark {

    static final String LOOKUP = "flagcast.lookup";
    static final String USERS = "flagcast.users";
    static final String EXPERIMENTS = "flagcast.experiments";

    private static final int REQUESTS = 1 << 14;
    private static final int CHECKED = 10_000;

    /** The client, and requests that were made once. */
    @State(Scope.Benchmark)
    public static class Requests {

        private final long users = Long.getLong(USERS);
        private final String[] ids = new String[Integer.getInteger(EXPERIMENTS)];
        private Lookup<Object> lookup;
        private final String[] userIds = new String[REQUESTS];
        private final Object[] contexts = new Object[REQUESTS];
        private final String[] experimentIds = new String[REQUESTS];

        @Setup
        public void make() {
            lookup = lookup(System.getProperty(LOOKUP));
            for (int i = 0; i < ids.length; i++) {
                ids[i] = Users.experiment(i);
            }
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < REQUESTS; i++) {
                userIds[i] = Users.id(random.nextLong(users));
                contexts[i] = lookup.context(userIds[i]);
                experimentIds[i] = ids[random.nextInt(ids.length)];
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

    /** The request of the moment. */
    @State(Scope.Thread)
    public static class Request {

        private final SplittableRandom random = new SplittableRandom();
        private String userId;
        private Object context;
        private String experimentId;

        @Setup(Level.Invocation)
        public void next(Requests requests) {
            userId = Users.id(random.nextLong(requests.users));
            context = requests.lookup.context(userId);
            experimentId = requests.ids[random.nextInt(requests.ids.length)];
        }
    }

    /** Where a thread is in the requests that were made once. */
    @State(Scope.Thread)
    public static class Position {

        private int next;

        int next() {
            next = (next + 1) & (REQUESTS - 1);
            return next;
        }
    }

    @Benchmark
    public Object answer(Requests requests, Request request) {
        return requests.lookup.answer(request.context, request.experimentId);
    }

    @Benchmark
    public Object answerRepeated(Requests requests, Position position) {
        int i = position.next();
        return requests.lookup.answer(requests.contexts[i], requests.experimentIds[i]);
    }

    @Benchmark
    public Object contextAndAnswer(Requests requests, Request request) {
        return requests.lookup.answer(requests.lookup.context(request.userId), request.experimentId);
    }

    @Benchmark
    public Object contextAndAnswerRepeated(Requests requests, Position position) {
        int i = position.next();
        return requests.lookup.answer(requests.lookup.context(requests.userIds[i]), requests.experimentIds[i]);
    }
}
