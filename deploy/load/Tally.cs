namespace OrderPlatform.LoadGenerator;

/// <summary>The counts so far.</summary>
internal sealed class Tally
{
    private long placed;
    private long scarce;
    private long failed;
    private long leftOut;
    private long cancelled;
    private long tooLate;
    private long receipts;

    /// <summary>Orders for scarce goods that were accepted; Inventory may reject them.</summary>
    public long Scarce => Interlocked.Read(ref scarce);

    public long Placed => Interlocked.Read(ref placed);

    public void CountPlaced(bool isScarce)
    {
        Interlocked.Increment(ref placed);
        if (isScarce)
            Interlocked.Increment(ref scarce);
    }

    /// <summary>An order that was not accepted, or whose answer never came.</summary>
    public void CountFailed() => Interlocked.Increment(ref failed);

    /// <summary>An order that was due while too many waited for their answers.</summary>
    public void CountLeftOut() => Interlocked.Increment(ref leftOut);

    public void CountCancelled() => Interlocked.Increment(ref cancelled);

    public void CountTooLate() => Interlocked.Increment(ref tooLate);

    public void CountReceipt() => Interlocked.Increment(ref receipts);

    public override string ToString() =>
        $"placed {Placed}, {Scarce} of them for scarce goods; cancelled {cancelled}, too late for {tooLate}; " +
        $"failed {failed}, left out {leftOut}; {receipts} receipts of goods";
}
