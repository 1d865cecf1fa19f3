package io.flagcast.features;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.ApplyFunctionExpression;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.classic.ExpressionUtils;
import org.apache.spark.sql.connector.catalog.functions.ScalarFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A function of columns that works on Spark's own values ({@code UTF8String}, {@code ArrayData}, {@code InternalRow}), where a function
 * that is registered with Spark has every value copied into Java's on the way in, and back on the way out.
 */
public final class RowFunction {

    private RowFunction() {}

    /** What is computed of a row of arguments; the row is used again for the next one. */
    @FunctionalInterface
    public interface Body extends Serializable {

        Object of(InternalRow arguments);
    }

    /**
     * The value of a function.
     *
     * @param name as plans show it
     * @param arguments their types, by which they are cast
     * @param result the type of what is returned, never NULL
     * @param columns one per argument
     */
    public static Column of(String name, StructType arguments, DataType result, Body body, Column... columns) {
        DataType[] types =
                Arrays.stream(arguments.fields()).map(StructField::dataType).toArray(DataType[]::new);
        List<Expression> expressions =
                Stream.of(columns).map(ExpressionUtils::expression).toList();
        return ExpressionUtils.column(new ApplyFunctionExpression(
                new Bound(name, types, result, body),
                CollectionConverters.asScala(expressions).toSeq()));
    }

    @SuppressWarnings("ArrayRecordComponent") // Spark asks for an array, and compares functions by identity.
    private record Bound(String name, DataType[] inputTypes, DataType resultType, Body body)
            implements ScalarFunction<Object> {

        @Override
        public Object produceResult(InternalRow arguments) {
            return body.of(arguments);
        }

        @Override
        public boolean isResultNullable() {
            return false;
        }

        @Override
        public String canonicalName() {
            return "flagcast." + name;
        }
    }
}
