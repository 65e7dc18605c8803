import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Ruler;

/** Asks Event Ruler, the matcher that AWS has published: a pattern and an event in each line, one word for each. */
public final class AskRuler {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode question = json.readTree(line);
      System.out.println(answer(question.get("pattern").asText(), question.get("event").asText()));
    }
  }

  /** Some patterns pass the check and break the matcher all the same. */
  private static String answer(String pattern, String event) {
    try {
      if (JsonRuleCompiler.check(pattern) != null) {
        return "refused";
      }
      return Ruler.matchesRule(event, pattern) ? "matches" : "differs";
    } catch (Exception e) {
      return "refused";
    }
  }
}
