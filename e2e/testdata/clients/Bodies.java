import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Bodies as an application without libraries makes them; Java has no means of its own for JSON or multipart. */
class Bodies {
	interface Post {
		/** Sends a body and returns the statuses that came. */
		String send(String url, String contentType, byte[] body, boolean expect) throws Exception;
	}

	private static final String[][] FIELDS = {{"amount", "12.50"}, {"to", "Zoë & Söhne"}};

	/** Arguments: URL, document, directory for what was sent. */
	static void sendAll(String[] args, Post post) throws Exception {
		Path document = Path.of(args[1]);
		for (boolean expect : new boolean[] {false, true}) {
			String boundary = UUID.randomUUID().toString();
			send(args, post, "json", "application/json", json(), expect);
			send(args, post, "form", "application/x-www-form-urlencoded", form(), expect);
			send(args, post, "multipart", "multipart/form-data; boundary=" + boundary, multipart(boundary, document), expect);
		}
	}

	private static void send(String[] args, Post post, String name, String contentType, byte[] body, boolean expect) throws Exception {
		String path = expect ? name + "-expect" : name;
		Files.write(Path.of(args[2], path), body);
		System.out.println(path + " " + post.send(args[0] + "/" + path, contentType, body, expect));
	}

	private static byte[] json() {
		return String.format("{\"%s\": \"%s\", \"%s\": \"%s\"}", FIELDS[0][0], FIELDS[0][1], FIELDS[1][0], FIELDS[1][1])
				.getBytes(StandardCharsets.UTF_8);
	}

	private static byte[] form() {
		StringBuilder form = new StringBuilder();
		for (String[] field : FIELDS) {
			form.append(form.length() == 0 ? "" : "&").append(field[0]).append('=').append(URLEncoder.encode(field[1], StandardCharsets.UTF_8));
		}
		return form.toString().getBytes(StandardCharsets.US_ASCII);
	}

	private static byte[] multipart(String boundary, Path document) throws Exception {
		StringBuilder head = new StringBuilder();
		for (String[] field : FIELDS) {
			head.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"").append(field[0])
					.append("\"\r\n\r\n").append(field[1]).append("\r\n");
		}
		head.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"document\"; filename=\"")
				.append(document.getFileName()).append("\"\r\nContent-Type: application/pdf\r\n\r\n");
		ByteArrayOutputStream body = new ByteArrayOutputStream();
		body.write(head.toString().getBytes(StandardCharsets.UTF_8));
		body.write(Files.readAllBytes(document));
		body.write(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
		return body.toByteArray();
	}
}
