import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * HL7's validator for FHIR R4 as one process that is fed texts: a length and that many bytes in, one line of JSON out for each.
 *
 * The only argument is a folder of definitions (XML) beside those of FHIR itself. Nothing is fetched: a definition that is not there is not
 * known, and the answer says so. Text is validated as it came, because a parsed resource has lost what FHIR does not know.
 */
public class Validate {
    /** Of a later FHIR than R4, so no snapshot of UKCore-Patient can be made with it; without it, the rest of that profile holds. */
    private static final String NOT_IN_R4 = "Patient.extension:fetalStatus";

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err); // whatever a library prints is no answer
        FhirContext context = FhirContext.forR4();
        FhirValidator validator = validator(context, Path.of(args[0]));
        DataInputStream in = new DataInputStream(System.in);
        out.println("ready");
        while (true) {
            int length;
            try {
                length = in.readInt();
            } catch (java.io.EOFException end) {
                return;
            }
            String text = new String(in.readNBytes(length), StandardCharsets.UTF_8);
            out.println(answer(validator, text));
        }
    }

    private static FhirValidator validator(FhirContext context, Path folder) throws IOException {
        PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(context);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".xml")).sorted().collect(Collectors.toList())) {
                IBaseResource definition = context.newXmlParser().parseResource(Files.readString(file));
                if (definition instanceof StructureDefinition) {
                    ((StructureDefinition) definition).getDifferential().getElement().removeIf(element -> NOT_IN_R4.equals(element.getId()));
                }
                definitions.addResource(definition);
            }
        }
        ValidationSupportChain chain = new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            definitions,
            new InMemoryTerminologyServerValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new SnapshotGeneratingValidationSupport(context));
        return context.newValidator().registerValidatorModule(new FhirInstanceValidator(chain));
    }

    private static String answer(FhirValidator validator, String text) {
        List<SingleValidationMessage> found;
        try {
            found = validator.validateWithResult(text).getMessages();
        } catch (RuntimeException unread) {
            return "[" + line("fatal", "$", "not read: " + unread.getClass().getSimpleName() + ": " + unread.getMessage()) + "]";
        }
        return found.stream()
            .map(one -> line(one.getSeverity().getCode(), one.getLocationString(), one.getMessage()))
            .collect(Collectors.joining(",", "[", "]"));
    }

    private static String line(String severity, String where, String what) {
        return "[" + quoted(severity) + "," + quoted(where) + "," + quoted(what) + "]";
    }

    private static String quoted(String text) {
        StringBuilder written = new StringBuilder("\"");
        for (char c : (text == null ? "" : text).toCharArray()) {
            written.append(c == '"' || c == '\\' ? "\\" + c : c < ' ' || c > '~' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return written.append('"').toString();
    }
}
