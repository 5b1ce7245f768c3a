using Npgsql;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>The table of one kind of job.</summary>
/// <param name="kind">The name of such a job; the table has its plural.</param>
internal abstract class JobTable<TJob>(NpgsqlDataSource source, string kind)
    where TJob : Job
{
    private const int Newest = 100;

    public string Kind => kind;

    /// <summary>The running job that was started first, ignoring some; null when there is none.</summary>
    public async Task<Guid?> Next(IEnumerable<Guid> except, CancellationToken cancellationToken)
    {
        await using var next = source.CreateCommand(
            $"SELECT id FROM messaging.{kind}s WHERE state = 'running' AND id <> ALL ($1) ORDER BY started_at, id LIMIT 1");
        next.Parameters.Add(Value(except.ToArray()));
        return (Guid?)await next.ExecuteScalarAsync(cancellationToken);
    }

    public Task<TJob?> Find(Guid id, CancellationToken cancellationToken) =>
        One($"SELECT * FROM messaging.{kind}s WHERE id = $1", cancellationToken, Value(id));

    /// <summary>The newest hundred, newest first.</summary>
    public async Task<List<TJob>> List(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT * FROM messaging.{kind}s ORDER BY started_at DESC, id DESC LIMIT {Newest}");
        return await Many(command, cancellationToken);
    }

    /// <summary>Moves the job from one of some states to another.</summary>
    /// <returns>The job; null when it was in none of those states.</returns>
    public Task<TJob?> Change(Guid id, JobState[] from, JobState to, CancellationToken cancellationToken) => One(
        $"""
         UPDATE messaging.{kind}s
         SET state = $2, error = NULL, ended_at = CASE WHEN $2 IN ('completed', 'cancelled', 'failed') THEN now() END
         WHERE id = $1 AND state = ANY ($3)
         RETURNING *
         """,
        cancellationToken,
        Value(id),
        Value(TextOf(to)),
        Value(Array.ConvertAll(from, TextOf)));

    /// <summary>Ends a running job as failed, with the reason.</summary>
    public Task Fail(Guid id, string error, CancellationToken cancellationToken) => One(
        $"UPDATE messaging.{kind}s SET state = 'failed', error = $2, ended_at = now() WHERE id = $1 AND state = 'running' RETURNING *",
        cancellationToken,
        Value(id),
        Value(error));

    /// <summary>Records why the job cannot continue at the moment. It stays running; its next progress removes the reason.</summary>
    public Task PutOff(Guid id, string reason, CancellationToken cancellationToken) => One(
        $"UPDATE messaging.{kind}s SET error = $2 WHERE id = $1 AND state = 'running' RETURNING *",
        cancellationToken,
        Value(id),
        Value(reason));

    protected static JobState StateOf(NpgsqlDataReader row) => Enum.Parse<JobState>(Get<string>(row, "state"), ignoreCase: true);

    protected static T Get<T>(NpgsqlDataReader row, string column) => row.GetFieldValue<T>(row.GetOrdinal(column));

    protected static T? GetOrNull<T>(NpgsqlDataReader row, string column) =>
        row.IsDBNull(row.GetOrdinal(column)) ? default : Get<T>(row, column);

    protected abstract TJob Read(NpgsqlDataReader row);

    /// <summary>The job that a statement finds or changes; null when there is none.</summary>
    protected async Task<TJob?> One(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        return await One(command, cancellationToken);
    }

    /// <summary>The same, with a command that may be part of a transaction.</summary>
    protected async Task<TJob?> One(NpgsqlCommand command, CancellationToken cancellationToken) =>
        (await Many(command, cancellationToken)).SingleOrDefault();

    private async Task<List<TJob>> Many(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<TJob>();
        while (await reader.ReadAsync(cancellationToken))
            jobs.Add(Read(reader));
        return jobs;
    }

    private static string TextOf(JobState state) => state.ToString().ToLowerInvariant();
}
