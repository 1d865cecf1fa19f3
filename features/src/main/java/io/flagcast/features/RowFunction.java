package io.flagcast.features;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.objects.Invoke;
import org.apache.spark.sql.classic.ExpressionUtils;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.ObjectType;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A function of columns that works on Spark's own values ({@code UTF8String}, {@code ArrayData}, {@code InternalRow}), where a function
 * that is registered with Spark has every value copied into Java's on the way in, and back on the way out. It is called from the
 * code that Spark generates for what stands around it, so that rows are written once, where they leave.
 */
public final class RowFunction {

    private RowFunction() {}

    /** What is computed of a row of arguments. */
    @FunctionalInterface
    public interface Body extends Serializable {

        /** The value, as Spark holds it; absent (null) for NULL. */
        Object of(InternalRow arguments);
    }

    /**
     * The value of a function.
     *
     * @param arguments their types, by which they are cast
     * @param result the type of what is returned
     * @param columns one per argument
     */
    public static Column of(StructType arguments, DataType result, Body body, Column... columns) {
        Column[] typed = IntStream.range(0, columns.length)
                .mapToObj(i -> columns[i].cast(arguments.apply(i).dataType()).as("_" + i))
                .toArray(Column[]::new);
        Expression row = ExpressionUtils.expression(functions.struct(typed));
        Expression function = Literal.fromObject(body, new ObjectType(Body.class));
        // A NULL in the row is for the function to see, and Spark may not take what it returns for never NULL.
        return ExpressionUtils.column(
                new Invoke(function, "of", result, seq(List.of(row)), seq(List.of()), false, true, true));
    }

    private static <T> scala.collection.immutable.Seq<T> seq(List<T> list) {
        return CollectionConverters.asScala(list).toSeq();
    }
}
