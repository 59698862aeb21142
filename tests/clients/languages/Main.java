import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Runs the guide's code: the secret and header lines as arguments, the body on standard input. */
class Main {
    //GUIDE

    public static void main(String[] args) throws Exception {
        Map<String, String> headers = new HashMap<>();
        for (int i = 1; i < args.length; i++) {
            String[] line = args[i].split(": ", 2);
            headers.put(line[0], line[1]);
        }
        try {
            verify(args[0], headers, System.in.readAllBytes());
            System.out.println("verified");
        } catch (SecurityException error) {
            System.out.println("refused: " + error.getMessage());
        }
    }
}
