package io.flagcast.settings;

import io.flagcast.delivery.Address;
import io.flagcast.delivery.Receiver;
import io.flagcast.tables.Table;
import io.flagcast.training.learners.Learner;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Components of a record of ours and of the records in it, by reflection. */
final class Components {

    /** Records that configuration writes as one value. */
    private static final Set<Class<?>> VALUES = Set.of(Address.class, Learner.class, Table.class);

    private Components() {}

    /**
     * One component of one record.
     *
     * @param declared as {@code LakeSettings.root}; of the receiver that has it, or that all have it
     * @param value what is in it
     */
    record Component(String declared, Object value) {}

    /** The components that a type has, as {@code LakeSettings.root}. */
    static Set<String> declared(Class<?> type) {
        Set<String> declared = new TreeSet<>();
        for (RecordComponent component : type.getRecordComponents()) {
            List<Class<?>> records = records(component.getGenericType());
            records.forEach(inner -> declared.addAll(declared(inner)));
            if (records.isEmpty()) {
                declared.add(name(component));
            }
        }
        return declared;
    }

    /** The records that a type holds. */
    private static List<Class<?>> records(Type type) {
        if (type instanceof ParameterizedType parameterized) {
            return Arrays.stream(parameterized.getActualTypeArguments())
                    .flatMap(argument -> records(argument).stream())
                    .toList();
        }
        Class<?> one = (Class<?>) type;
        if (one.isSealed()) {
            return Arrays.stream(one.getPermittedSubclasses())
                    .flatMap(permitted -> records(permitted).stream())
                    .toList();
        }
        return isGroup(one) ? List.of(one) : List.of();
    }

    private static boolean isGroup(Class<?> type) {
        return type.isRecord() && type.getName().startsWith("io.flagcast.") && !VALUES.contains(type);
    }

    /** What all records of a sealed interface have is the interface's. */
    private static String name(RecordComponent component) {
        Class<?> owner = ancestors(component.getDeclaringRecord())
                .filter(type -> Arrays.stream(type.getDeclaredMethods())
                        .anyMatch(method -> method.getName().equals(component.getName())))
                .findFirst()
                .orElse(component.getDeclaringRecord());
        return owner.getSimpleName() + "." + component.getName();
    }

    private static Stream<Class<?>> ancestors(Class<?> type) {
        return Arrays.stream(type.getInterfaces()).flatMap(each -> Stream.concat(Stream.of(each), ancestors(each)));
    }

    /** The components of a record by their paths, as {@code lake.root} and {@code alerts.receivers.log.severities}. */
    static Map<String, Component> of(Record value) {
        Map<String, Component> found = new TreeMap<>();
        collect("", value, found);
        return found;
    }

    private static void collect(String prefix, Object value, Map<String, Component> found) {
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            Object inner = read(component, value);
            String path = prefix + component.getName();
            if (records(component.getGenericType()).isEmpty()) {
                found.put(path, new Component(name(component), inner));
            } else {
                each(path, inner).forEach((place, each) -> collect(place + ".", each, found));
            }
        }
    }

    /** The records in a component, by their paths: of several each has its name or key in it. */
    private static Map<String, Object> each(String path, Object value) {
        Map<String, Object> each = new TreeMap<>();
        if (value instanceof Optional<?> optional) {
            optional.ifPresent(inner -> each.put(path, inner));
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) ->
                    each.put(path + "." + (key instanceof Table table ? table.name() : key), inner));
        } else if (value instanceof List<?> receivers) {
            receivers.forEach(inner -> each.put(path + "." + ((Receiver) inner).name(), inner));
        } else {
            each.put(path, value);
        }
        return each;
    }

    private static Object read(RecordComponent component, Object owner) {
        try {
            return component.getAccessor().invoke(owner);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(component.toString(), e);
        }
    }
}
