package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What secrets look like. */
class SecretsTest {

    @Test
    void aNameThatSaysWhereASecretIsIsNoSecretsName() {
        assertThat(new String[] {
                    "password",
                    "sslPassword",
                    "fs.s3a.secret.key",
                    "fs.s3a.access.key",
                    "fs.s3a.session.token",
                    "api_key",
                    "kafka.sasl.jaas.config",
                    "pem-private-key",
                    "client_secret",
                    "credentials",
                    "PWD"
                })
                .allMatch(Secrets::isName);
        assertThat(new String[] {
                    "user",
                    "url",
                    "dbtable",
                    "key",
                    "primaryKey",
                    "partitionColumn",
                    "header",
                    "secret-file",
                    "fs.s3a.aws.credentials.provider",
                    "hadoop.security.credential.provider.path",
                    "credentialsFile",
                    "sasl.oauthbearer.token.endpoint.url",
                    "kafka.ssl.keystore.location",
                    "fs.s3a.encryption.algorithm"
                })
                .noneMatch(Secrets::isName);
    }

    @Test
    void anAddressIsShownWithoutItsSecrets() {
        assertThat(Secrets.hidden("cannot open jdbc:postgresql://ada:pa/ss@db:5432/x?user=a&password=p%20w&ssl=true"))
                .isEqualTo("cannot open jdbc:postgresql://…@db:5432/x?user=a&password=…&ssl=true");
        assertThat(Secrets.hidden("s3a://AKIA:k/ey@bucket/a and s3a://bucket/b@c"))
                .isEqualTo("s3a://…@bucket/a and s3a://bucket/b@c");
        assertThat(Secrets.hidden("jdbc:sqlserver://h;Password = 'a b';x=y jdbc:oracle:thin:scott/tiger@//h"))
                .isEqualTo("jdbc:sqlserver://h;Password=…;x=y jdbc:oracle:thin:…@//h");
        assertThat(Secrets.hidden("hdfs://name:8020/user@x trustStorePath=/etc/password-file=a"))
                .isEqualTo("hdfs://name:8020/user@x trustStorePath=/etc/password-file=a");
        assertThat(Secrets.hidden("token=$1\\2")).isEqualTo("token=…");
    }

    @Test
    void onlyAnAddressHoldsSecrets() {
        assertThat(Secrets.of("jdbc:x://u:p@h?password=q&token=\"r s\"")).containsExactly("u:p", "q", "\"r s\"");
        assertThat(Secrets.of("SELECT * FROM t WHERE token = 'x'")).isEmpty();
    }

    @Test
    void optionsAreShownWithoutTheirSecrets() {
        assertThat(Secrets.hidden(Map.of("user", "a", "password", "b", "url", "jdbc:x://u:p@h")))
                .hasToString("{password=…, url=jdbc:x://…@h, user=a}");
    }

    /** In time that is no square of the length. */
    @Test
    void aLongTextIsSearchedToo() {
        for (String part : new String[] {"a", "password", "//a:", "s3a://", "token=\"", "x=", "jdbc:oracle:thin:a/"}) {
            assertThat(Secrets.hidden(part.repeat(50_000))).as(part).isNotEmpty();
        }
    }
}
