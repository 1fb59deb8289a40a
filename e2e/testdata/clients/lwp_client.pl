# lwp_client.pl <URL> <document> <directory for what was sent>
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use HTTP::Request::Common qw(POST);
use JSON::PP ();
use LWP::UserAgent;
use Net::HTTP::Methods ();

my ($url, $document, $sent) = @ARGV;
my @fields = (amount => '12.50', to => 'Zoë & Söhne');
my @encoded = map { encode_utf8($_) } @fields;
my $agent = LWP::UserAgent->new(env_proxy => 1, timeout => 60);

# LWP does not tell of 100; here its reading of status lines does.
my @statuses;
{
	no warnings 'redefine';
	my $read = \&Net::HTTP::Methods::read_response_headers;
	*Net::HTTP::Methods::read_response_headers = sub {
		my @answer = $read->(@_);
		push @statuses, $answer[0];
		return @answer;
	};
}

sub post {
	my ($name, $request, @headers) = @_;
	$request->header(@headers) if @headers;
	open my $file, '>:raw', "$sent/$name" or die $!;
	print $file $request->content;
	close $file or die $!;
	@statuses = ();
	my $answer = $agent->request($request);
	die "$name: " . $answer->as_string unless $answer->is_success;
	print "$name @statuses\n";
}

for ([''], ['-expect', Expect => '100-continue']) {
	my ($suffix, @headers) = @$_;
	post("json$suffix", POST("$url/json$suffix", Content_Type => 'application/json', Content => JSON::PP->new->utf8->encode({@fields})), @headers);
	post("form$suffix", POST("$url/form$suffix", [@encoded]), @headers);
	post("multipart$suffix", POST("$url/multipart$suffix", Content_Type => 'form-data',
		Content => [@encoded, document => [$document, undef, Content_Type => 'application/pdf']]), @headers);
}
